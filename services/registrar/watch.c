/* SPDX-License-Identifier: MIT */
/*
 * watch: SUBSCRIBE in, NOTIFY out. Nothing about a subscription is kept here: any registrar goes on with it.
 *
 *   SUBSCRIBE --> [watchers.lua: put] --> 200 --+
 *   events:reg ----> [take: all] ---------------+--> [reg:<aor>] --> reginfo.c, notify.c --> FORK
 *   sweep ---------> [take: those that ended] --+                                              |
 *                                                     [drop] <-- 481, or no answer -- RESULT <-+
 */
#include "watch.h"

#include <stdlib.h>

#include "notify.h"
#include "reginfo.h"
#include "sip/addr.h"
#include "sip/uri.h"

enum {
	LOOK_MS = 100, LOOK_SELDOM_MS = 1000, /* between looks at the stream: somebody watches, nobody does */
	NOTICES_MAX = 1 << 14, BODY_MAX = 1 << 18,
};

struct watch_notice { /* a NOTIFY under way */
	char aor[256], id[512];
};

struct telling { /* whom to tell what, while Redis is asked what stands */
	struct registrar *self;
	struct slice aor;
	struct loc_event event; /* kind "": none */
	struct loc_watcher *w;
	char *text;             /* of the watchers */
	int n;
	char own[];             /* of the address and the event */
};

int watch_open(struct registrar *self)
{
	self->notices = rt_pool_new(sizeof(struct watch_notice), NOTICES_MAX);
	if (!self->notices)
		return RT_NOMEM;
	svc_timer_start(self->svc, &self->events, 0, 'E', LOOK_SELDOM_MS);
	return 0;
}

void watch_close(struct registrar *self)
{
	svc_timer_stop(self->svc, &self->events);
	rt_pool_destroy(&self->notices);
}

/* ---- Who may ---- */

struct slice watch_caller(struct registrar *self, const struct reg_call *call)
{
	struct sip_addr addr;
	struct sip_uri uri;
	struct slice aor;

	if (sip_addr_uri(sip_msg_get(&call->msg, SIP_HDR_FROM), &addr, &uri) || sip_uri_aor(&uri, svc_arena(self->svc), &aor))
		return SLICE("");
	return aor;
}

bool watch_is_allowed(struct registrar *self, const struct reg_call *call, struct slice who)
{
	const struct svc_words *names = &svc_config(self->svc)->registrar_watchers;
	bool named = slice_eq(who, call->aor);

	for (uint32_t i = 0; i < names->n; i++)
		named = named || slice_eq(names->word[i], who);
	return named;
}

/* ---- Telling ---- */

static struct slice put(char **at, struct slice s)
{
	const struct slice out = slice_of(*at, s.n);

	if (s.n)
		memcpy(*at, s.p, s.n);
	*at += s.n;
	return out;
}

static struct telling *telling_new(struct registrar *self, struct slice aor, const struct loc_event *event)
{
	const struct loc_event none = { SLICE(""), SLICE(""), SLICE(""), SLICE("") };
	const struct loc_event *e = event ? event : &none;
	struct telling *t = malloc(sizeof(*t) + aor.n + e->kind.n + e->id.n + e->contact.n);
	char *at;

	if (!t)
		return 0;
	*t = (struct telling){ .self = self };
	at = t->own;
	t->aor = put(&at, aor);
	t->event.kind = put(&at, e->kind);
	t->event.id = put(&at, e->id);
	t->event.contact = put(&at, e->contact);
	return t;
}

static void telling_end(struct telling *t)
{
	free(t->w);
	free(t->text);
	free(t);
}

static bool keep_watchers(struct telling *t, const struct loc_watcher *w, int n)
{
	size_t size = 1;
	char *at;

	for (int i = 0; i < n; i++)
		size += (size_t)w[i].id.n + w[i].call_id.n + w[i].local.n + w[i].remote.n + w[i].target.n + w[i].route.n + w[i].event.n +
		        w[i].contact.n + w[i].received.n;
	t->w = calloc(n > 0 ? (size_t)n : 1, sizeof(*w));
	at = t->text = malloc(size);
	if (!t->w || !t->text)
		return false;
	for (int i = 0; i < n; i++) {
		struct loc_watcher *to = &t->w[i];

		*to = w[i];
		to->id = put(&at, w[i].id);
		to->call_id = put(&at, w[i].call_id);
		to->local = put(&at, w[i].local);
		to->remote = put(&at, w[i].remote);
		to->target = put(&at, w[i].target);
		to->route = put(&at, w[i].route);
		to->event = put(&at, w[i].event);
		to->contact = put(&at, w[i].contact);
		to->received = put(&at, w[i].received);
	}
	t->n = n;
	return true;
}

static rt_handle notice_of(struct registrar *self, struct slice aor, struct slice id)
{
	rt_handle handle = 0;
	struct watch_notice *notice = aor.n < sizeof(notice->aor) && id.n < sizeof(notice->id) ? rt_pool_take(self->notices, &handle) : 0;

	if (!notice)
		return 0;
	(void)slice_cstr(aor, notice->aor, sizeof(notice->aor));
	(void)slice_cstr(id, notice->id, sizeof(notice->id));
	return handle;
}

/* The NOTIFY goes where the SUBSCRIBE came from: the phone itself, over its own flow, or the proxy that sent it on. */
static void send_notify(struct registrar *self, struct slice aor, const struct loc_watcher *w, struct slice body)
{
	struct rt_arena *a = svc_arena(self->svc);
	struct sip_draft *d = notify_draft(w, body, svc_wall(self->svc), a);
	struct wire_head head = { .verb = WIRE_FORK, .trail = svc_trail(self->svc), .flow = w->flow, .edge = w->edge, .listener = w->listener,
		                  .born = svc_wall_ms(self->svc) };
	struct sip_msg msg;

	if (!d || sip_draft_render(d, a, &msg) || sip_hop_parse(&head.remote, w->received)) {
		rt_log(RT_LOG_W, "watch.unwritten", head.trail, "aor=%s", rt_log_safe(aor));
		return;
	}
	head.to = svc_pick_near(self->svc, WIRE_TRANSACTION, head.trail);
	head.context = notice_of(self, aor, w->id);
	++*self->count.notified;
	rt_log(RT_LOG_I, "watch.notify", head.trail, "aor=%s number=%u ended=%d", rt_log_safe(aor), w->number, w->expires_at <= svc_wall(self->svc));
	if (!head.to || svc_post(self->svc, &head, &msg)) {
		rt_log(RT_LOG_W, "watch.unposted", head.trail, "to=%u", head.to);
		rt_pool_give(self->notices, head.context);
	}
}

static void came_standing(void *arg, uint64_t token, int err, const struct loc_binding *b, int n)
{
	struct telling *t = arg;
	struct registrar *self = t->self;
	struct rt_arena *a = svc_arena(self->svc);
	char *room = err ? 0 : rt_arena_raw(a, BODY_MAX);

	(void)token;
	for (int i = 0; room && i < t->n; i++) {
		struct rt_cursor c = rt_cursor_on(room, BODY_MAX);

		reginfo_write(&c, &(struct reginfo){ .aor = t->aor, .b = b, .n = n, .event = t->event.kind.n ? &t->event : 0,
		                                     .version = t->w[i].number - 1, .now = svc_wall(self->svc) });
		if (!c.err)
			send_notify(self, t->aor, &t->w[i], rt_cursor_text(&c));
	}
	if (err)
		rt_log(RT_LOG_W, "watch.untold", 0, "aor=%s why=\"%s\"", rt_log_safe(t->aor), rt_err_text(err));
	telling_end(t);
}

static void look(struct telling *t)
{
	if (loc_store_fetch(t->self->redis, t->aor, svc_wall(t->self->svc), came_standing, t, 0))
		telling_end(t);
}

/* Takes t. */
static void tell(struct telling *t, const struct loc_watcher *w, int n)
{
	if (n == 0 || !keep_watchers(t, w, n))
		telling_end(t);
	else
		look(t);
}

static void events_kept(void *arg, int err)
{
	struct telling *t = arg;

	if (err)
		telling_end(t);
	else
		look(t);
}

/* The same for who has just begun to watch: what he is told first, and every change after it. Takes t. */
static void tell_first(struct telling *t, const struct loc_watcher *w)
{
	if (!keep_watchers(t, w, 1) || loc_events_begin(t->self->redis, events_kept, t))
		telling_end(t);
}

/* ---- SUBSCRIBE ---- */

static void answer_subscribe(struct registrar *self, struct reg_call *call, const struct loc_watcher *w)
{
	const struct call_question q = call_asked(call);
	const int64_t left = w->expires_at - svc_wall(self->svc);
	struct sip_draft *d = sip_draft_reply(svc_arena(self->svc), &call->msg, 200, SLICE_NONE, call_tag(self, &call->msg));

	if (d) {
		sip_draft_append(d, SIP_HDR_EXPIRES, rt_arena_printf(svc_arena(self->svc), "%lld", (long long)(left > 0 ? left : 0)));
		sip_draft_append(d, SIP_HDR_CONTACT, w->contact);
	}
	rt_log(RT_LOG_I, "watch.granted", call->head.trail, "aor=%s seconds=%lld", rt_log_safe(call->aor), (long long)left);
	call_post(self, &q, d);
}

static void subscribed(void *arg, uint64_t token, int err, const struct loc_watcher *w, int n)
{
	struct registrar *self = arg;
	struct reg_call *call = rt_pool_get(self->calls, token);
	struct telling *t;

	if (!call)
		return;
	if (err == RT_ABSENT) {
		call_end(self, call, 481, SLICE("Subscription Does Not Exist"));
	} else if (err == RT_STALE) {
		call_end(self, call, 500, SLICE("CSeq Out Of Order"));
	} else if (err == RT_BIG) {
		call_end(self, call, 403, SLICE("Too Many Watchers"));
	} else if (err || n != 1) {
		call_end_unstored(self, call, err ? err : RT_BAD);
	} else {
		answer_subscribe(self, call, w);
		t = telling_new(self, call->aor, 0);
		call_forget(self, call);
		if (t)
			tell_first(t, w);
		svc_timer_start(self->svc, &self->events, 0, 'E', LOOK_MS);
	}
}

/* Our end of the dialog: the address, at the listener it was asked by. */
static struct slice contact_of(struct registrar *self, const struct reg_call *call)
{
	const struct wire_member *edge = wire_members_get(svc_members(self->svc), call->head.edge);
	const struct wire_listener *l = edge && call->head.listener < edge->nlistener ? &edge->listener[call->head.listener] : 0;

	if (!l)
		return rt_arena_printf(svc_arena(self->svc), "<sip:" SLICE_FMT ">", SLICE_ARG(call->aor));
	return rt_arena_printf(svc_arena(self->svc), "<sip:" SLICE_FMT "@%s:%u;transport=" SLICE_FMT ">", SLICE_ARG(call->user), l->host, l->port,
	                       SLICE_ARG(sip_transport_param((enum sip_transport)l->local.proto)));
}

void watch_subscribe(struct registrar *self, struct reg_call *call)
{
	const struct svc_config *config = svc_config(self->svc);
	const struct notify_limits limits = { (uint32_t)config->registrar_min_expires, (uint32_t)config->registrar_max_expires };
	const struct call_question q = call_asked(call);
	struct rt_arena *a = svc_arena(self->svc);
	char from[64];
	struct rt_cursor c = rt_cursor_on(from, sizeof(from));
	struct reg_refusal why = { .status = 500 };
	struct loc_watcher w;
	bool refresh = false;
	int err = notify_plan(&call->msg, &limits, call_tag(self, &call->msg), svc_wall(self->svc), a, &w, &refresh, &why);

	if (err) {
		call_refuse(self, &q, &why);
		call_forget(self, call);
		return;
	}
	sip_hop_render(&c, &call->head.remote);
	w.received = rt_cursor_text(&c);
	w.contact = contact_of(self, call);
	w.flow = call->head.flow;
	w.edge = call->head.edge;
	w.listener = call->head.listener;
	call->step = REG_SUBSCRIBE;
	err = loc_watchers_put(self->redis, call->aor, &w, refresh, svc_wall(self->svc), subscribed, self, call->handle);
	if (err)
		call_end_unstored(self, call, err);
}

/* ---- What happens ---- */

static void taken(void *arg, uint64_t token, int err, const struct loc_watcher *w, int n)
{
	(void)token;
	tell(arg, w, err ? 0 : n);
}

static void take(struct registrar *self, struct slice aor, const struct loc_event *event)
{
	struct telling *t = telling_new(self, aor, event);

	if (t && loc_watchers_take(self->redis, aor, !event, svc_wall(self->svc), taken, t, 0))
		telling_end(t);
}

static void happened(void *arg, int err, const struct loc_event *events, int n, bool more)
{
	struct registrar *self = arg;

	for (int i = 0; i < n; i++)
		take(self, events[i].aor, &events[i]);
	svc_timer_start(self->svc, &self->events, 0, 'E', err ? LOOK_SELDOM_MS : more ? 1 : LOOK_MS);
}

void watch_look(struct registrar *self)
{
	if (loc_events_next(self->redis, svc_id(self->svc), happened, self))
		svc_timer_start(self->svc, &self->events, 0, 'E', LOOK_SELDOM_MS);
}

static void ended(void *arg, struct slice aor)
{
	take(arg, aor, 0);
}

void watch_sweep(struct registrar *self)
{
	loc_watchers_sweep(self->redis, svc_id(self->svc), svc_wall(self->svc), ended, happened, self);
}

/* RFC 6665 4.2.2: who does not know the subscription, or does not answer, is not told any more. */
void watch_result(struct registrar *self, const struct wire_parcel *in)
{
	const struct watch_notice *notice = rt_pool_get(self->notices, in->head->context);
	const int status = in->msg.index ? in->msg.index->status : 0;

	if (!notice || (status && status < 200))
		return;
	if (!sip_status_success(status) && status != 401 && status != 407 && status != 503) {
		rt_log(RT_LOG_I, "watch.dropped", in->head->trail, "aor=%s status=%d reason=%s", rt_log_safe(slice_str(notice->aor)), status,
		       rt_err_name(in->head->reason));
		loc_watchers_drop(self->redis, slice_str(notice->aor), slice_str(notice->id));
	}
	rt_pool_give(self->notices, in->head->context);
}
