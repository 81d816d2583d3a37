/* SPDX-License-Identifier: MIT */
/*
 * health: libmicrohttpd in its own thread. It only ever reads, so nobody who asks can slow a loop.
 */
#include "health.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "process.h"
#include "rt/clock.h"
#include "sockets.h"

enum {
	ANSWER_MAX = 1 << 17,
	CONNECTIONS = 32,
	CONNECTION_SECONDS = 5,
};

struct health {
	struct svc_process *process;
	struct MHD_Daemon *local, *tcp;
	char path[WIRE_ENDPOINT_MAX];
};

/* ---- Answers ---- */

static int ask_alive(const struct svc_process *p, struct rt_cursor *c)
{
	rt_ms since;
	const int hung = process_hung(p, &since);

	if (hung >= 0) {
		rt_cursor_printf(c, "loop %d has not turned for %llu ms\n", hung, (unsigned long long)since);
		return MHD_HTTP_SERVICE_UNAVAILABLE;
	}
	rt_cursor_lit(c, "ok\n");
	return MHD_HTTP_OK;
}

/* Whom each tier sends to. */
static const uint32_t needs[WIRE_TIERS] = {
	[WIRE_TRANSPORT] = 1u << WIRE_TRANSACTION,
	[WIRE_TRANSACTION] = 1u << WIRE_TRANSPORT | 1u << WIRE_PROXY | 1u << WIRE_REGISTRAR,
	[WIRE_PROXY] = 1u << WIRE_TRANSACTION | 1u << WIRE_TRANSPORT,
	[WIRE_REGISTRAR] = 1u << WIRE_TRANSACTION,
	[WIRE_AGENT] = 1u << WIRE_TRANSACTION,
};

static int ask_ready(const struct svc_process *p, struct rt_cursor *c)
{
	uint32_t missing = 0;

	if (!atomic_load(&p->joined)) {
		rt_cursor_lit(c, "waiting for Redis\n");
		return MHD_HTTP_SERVICE_UNAVAILABLE;
	}
	if (atomic_load(&p->draining)) {
		rt_cursor_lit(c, "draining\n");
		return MHD_HTTP_SERVICE_UNAVAILABLE;
	}
	for (int i = 0; i < p->nloop; i++)
		for (uint32_t k = 0; k < p->nactor; k++)
			missing |= needs[p->actor[k]->tier] & ~atomic_load_explicit(&p->loop[i]->sees, memory_order_relaxed);
	for (int t = WIRE_TRANSPORT; t < WIRE_TIERS; t++)
		if (missing & 1u << t)
			rt_cursor_printf(c, "no live member of tier %s\n", wire_tier_name((enum wire_tier)t));
	if (missing)
		return MHD_HTTP_SERVICE_UNAVAILABLE;
	rt_cursor_lit(c, "ready\n");
	return MHD_HTTP_OK;
}

static int ask_metrics(const struct svc_process *p, struct rt_cursor *c)
{
	struct counters *of[PROCESS_LOOPS_MAX];
	const int nloop = atomic_load(&p->joined) ? p->nloop : 0;

	rt_cursor_printf(c,
			 "# HELP peal_up The process runs; its tiers and version.\n# TYPE peal_up gauge\n"
			 "peal_up{process=\"%s\",version=\"%s\"} 1\n",
			 p->name, PEAL_VERSION);
	rt_cursor_printf(c,
			 "# HELP peal_draining It finishes what it has and leaves.\n# TYPE peal_draining gauge\n"
			 "peal_draining %d\n",
			 atomic_load(&p->draining));
	for (int i = 0; i < nloop; i++)
		of[i] = &p->loop[i]->counters;
	counters_render(of, nloop, c);
	return MHD_HTTP_OK;
}

static const struct {
	const char *path;
	int (*ask)(const struct svc_process *p, struct rt_cursor *c);
} pages[] = {
	{ "/healthz", ask_alive },
	{ "/readyz", ask_ready },
	{ "/metrics", ask_metrics },
};

static int answer(const struct svc_process *p, const char *url, struct rt_cursor *c)
{
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		if (strcmp(url, pages[i].path) == 0)
			return pages[i].ask(p, c);
	rt_cursor_lit(c, "there are /healthz, /readyz and /metrics\n");
	return MHD_HTTP_NOT_FOUND;
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *url, const char *method,
				  const char *version, const char *data, size_t *data_n, void **state)
{
	const struct health *self = arg;
	char *text = malloc(ANSWER_MAX);
	struct rt_cursor c = rt_cursor_on(text, text ? ANSWER_MAX : 0);
	struct MHD_Response *response;
	enum MHD_Result result;
	int status;

	(void)version;
	(void)data;
	(void)data_n;
	(void)state;
	if (!text)
		return MHD_NO;
	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
		rt_cursor_lit(&c, "only GET\n");
		status = MHD_HTTP_METHOD_NOT_ALLOWED;
	} else {
		status = answer(self->process, url, &c);
	}
	response = MHD_create_response_from_buffer(c.n, text, MHD_RESPMEM_MUST_FREE);
	if (!response) {
		free(text);
		return MHD_NO;
	}
	MHD_add_response_header(response, "Content-Type", "text/plain; version=0.0.4; charset=utf-8");
	result = MHD_queue_response(connection, (unsigned)status, response);
	MHD_destroy_response(response);
	return result;
}

/* ---- Listening ---- */

static struct MHD_Daemon *serve_on(struct health *self, int fd)
{
	struct MHD_Daemon *daemon =
		MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, 0, 0, 0, on_request, self, MHD_OPTION_LISTEN_SOCKET, fd,
				 MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
				 (unsigned)CONNECTION_SECONDS, MHD_OPTION_END);

	if (!daemon)
		close(fd);
	return daemon;
}

static void open_local(struct health *self)
{
	const struct svc_process *p = self->process;
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(self->path, sizeof(self->path), "%.70s/health", p->state);
	if (mkdir(self->path, 0755) == 0 || errno == EEXIST)
		sockets_sweep(self->path);
	snprintf(self->path, sizeof(self->path), "%.70s/health/%.12s-%d.sock", p->state, p->name, getpid());
	snprintf(at.sun_path, sizeof(at.sun_path), "%s", self->path);
	unlink(self->path);
	if (fd >= 0 && bind(fd, (const struct sockaddr *)&at, sizeof(at)) == 0 && listen(fd, CONNECTIONS) == 0) {
		self->local = serve_on(self, fd);
	} else if (fd >= 0) {
		rt_log(RT_LOG_W, "health.refused", 0, "no socket %s (%s); the worker runs without", self->path, strerror(errno));
		close(fd);
	}
}

static void open_tcp(struct health *self)
{
	const struct slice where = self->process->config->server_health;
	struct sockaddr_storage at;
	struct sip_hop hop;
	char text[96];
	const int on = 1;
	int fd;

	snprintf(text, sizeof(text), "tcp:" SLICE_FMT, SLICE_ARG(where));
	if (sip_hop_parse(&hop, slice_str(text)))
		return; /* the configuration was checked */
	fd = socket(hop.family == 6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (const struct sockaddr *)&at, sip_hop_to_sockaddr(&hop, &at)) == 0 && listen(fd, CONNECTIONS) == 0) {
		self->tcp = serve_on(self, fd);
		return;
	}
	rt_log(RT_LOG_W, "health.taken", 0, "server.health " SLICE_FMT " is not ours (%s); asked here instead: %s", SLICE_ARG(where),
	       strerror(errno), self->path);
	close(fd);
}

struct health *health_open(struct svc_process *process)
{
	struct health *self = calloc(1, sizeof(*self));

	if (!self)
		return 0;
	self->process = process;
	open_local(self);
	if (process->config->server_health.n)
		open_tcp(self);
	return self;
}

void health_close(struct health **self_p)
{
	struct health *self = *self_p;

	if (!self)
		return;
	if (self->local)
		MHD_stop_daemon(self->local);
	if (self->tcp)
		MHD_stop_daemon(self->tcp);
	unlink(self->path);
	free(self);
	*self_p = 0;
}
