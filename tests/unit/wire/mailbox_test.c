/* SPDX-License-Identifier: MIT */
/* mailbox_test: packs between two mailboxes over inproc, ipc and tcp; full, gone, late and hostile peers. */
#include <czmq.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "kit/test.h"
#include "rt/clock.h"
#include "wire/mailbox.h"

enum { ID = 17, SECONDS = 10 };

struct pair {
	struct wire_mailbox *from, *to;
	char folder[64], endpoint[108];
};

static int open_pair(void **state, bool file, const char *address)
{
	struct pair *p = calloc(1, sizeof(*p));
	char where[128];

	strcpy(p->folder, "/tmp/peal-mailbox-XXXXXX");
	if (!mkdtemp(p->folder))
		return -1;
	snprintf(where, sizeof(where), "%s%s%s", address, file ? p->folder : "", file ? "/box" : "");
	p->from = wire_mailbox_new();
	p->to = wire_mailbox_new();
	*state = p;
	return wire_mailbox_bind(p->to, where, p->endpoint);
}

static int open_inproc(void **state)
{
	return open_pair(state, true, "inproc://"); /* a name of its own: a closed socket gives its name back a little later */
}

static int open_ipc(void **state)
{
	return open_pair(state, true, "ipc://");
}

static int open_tcp(void **state)
{
	return open_pair(state, false, "tcp://127.0.0.1:*");
}

static int close_pair(void **state)
{
	struct pair *p = *state;

	wire_mailbox_destroy(&p->from);
	wire_mailbox_destroy(&p->to);
	assert_int_equal(rmdir(p->folder), 0); /* empty: the socket file went with its mailbox */
	free(p);
	return 0;
}

/* Flush until everything has left. */
static void flush_all(struct wire_mailbox *m)
{
	const rt_ms end = rt_clock_ms() + SECONDS * 1000;

	while (wire_mailbox_flush(m, rt_clock_ms()) != UINT64_MAX) {
		assert_true(rt_clock_ms() < end);
		usleep(1000);
	}
}

static void receive(struct wire_mailbox *m, struct wire_walk *walk, bool *trusted)
{
	const rt_ms end = rt_clock_ms() + SECONDS * 1000;

	while (wire_mailbox_receive(m, walk, trusted) != 1) {
		assert_true(rt_clock_ms() < end);
		usleep(1000);
	}
}

static int post(struct wire_mailbox *m, uint32_t to, uint64_t n, struct slice text)
{
	const struct wire_head head = { .verb = WIRE_OFFER, .to = to, .from = 4, .txn = n };

	return wire_mailbox_post(m, &head, &(struct sip_msg){ .text = text }, rt_clock_ms());
}

static void packs_arrive_whole_and_in_order(void **state)
{
	struct pair *p = *state;
	struct wire_walk walk;
	struct wire_parcel in;
	uint64_t want = 1;
	bool trusted;

	assert_int_equal(wire_mailbox_join(p->from, ID, p->endpoint, WIRE_VERSION), 0);
	for (uint64_t n = 1; n <= 100; n++) {
		assert_int_equal(post(p->from, ID, n, slice_of("abcdefghij", (uint32_t)(n % 11))), 0);
		if (n % 40 == 0)
			flush_all(p->from);
	}
	flush_all(p->from);
	while (want <= 100) {
		int packed = 0;

		receive(p->to, &walk, &trusted);
		assert_int_equal(trusted, p->endpoint[0] == 'i' && p->endpoint[1] == 'n');
		while (wire_walk_next(&walk, &in, trusted) == 1) {
			assert_int_equal(in.head->txn, want);
			assert_int_equal(in.msg.text.n, want % 11);
			assert_int_equal((uintptr_t)in.head % 8, 0);
			want++;
			packed++;
		}
		assert_in_range(packed, 1, want > 41 ? WIRE_PACK_PARCELS : 40); /* the first was kept until there was a connection */
	}
}

static void the_largest_message_travels_alone(void **state)
{
	struct pair *p = *state;
	const uint32_t n = SIP_HEAD_MAX + SIP_BODY_MAX;
	char *text = malloc(n);
	struct wire_walk walk;
	struct wire_parcel in;
	bool trusted;

	memset(text, 'x', n);
	assert_int_equal(wire_mailbox_join(p->from, ID, p->endpoint, WIRE_VERSION), 0);
	assert_int_equal(post(p->from, ID, 1, SLICE("small")), 0);
	flush_all(p->from);
	assert_int_equal(post(p->from, ID, 2, slice_of(text, n)), 0);
	assert_int_equal(post(p->from, ID, 3, SLICE("small")), 0);
	flush_all(p->from);
	for (uint64_t k = 1; k <= 3; k++) {
		receive(p->to, &walk, &trusted);
		assert_int_equal(walk.left, 1);
		assert_int_equal(wire_walk_next(&walk, &in, trusted), 1);
		assert_int_equal(in.head->txn, k);
		assert_int_equal(in.msg.text.n, k == 2 ? n : 5);
	}
	free(text);
}

/* A reader who sleeps: the sender hears "full", nothing that was accepted is lost, and then it goes on. */
static void a_full_mailbox_is_an_answer(void **state)
{
	struct pair *p = *state;
	uint64_t accepted = 0, got = 0;
	struct wire_walk walk;
	struct wire_parcel in;
	bool trusted;

	assert_int_equal(wire_mailbox_join(p->from, ID, p->endpoint, WIRE_VERSION), 0);
	assert_int_equal(post(p->from, ID, ++accepted, SLICE("first")), 0);
	flush_all(p->from); /* connected now */
	for (int i = 0; i < 100000; i++) {
		static char text[1000];
		const int err = post(p->from, ID, accepted + 1, slice_of(text, sizeof(text)));

		if (err) {
			assert_int_equal(err, RT_NOMEM);
			break;
		}
		accepted++;
	}
	assert_in_range(accepted, WIRE_HWM * 20, 99999);
	assert_true(wire_mailbox_tally(p->from)->refused > 0);
	assert_true(wire_mailbox_reaches(p->from, ID, rt_clock_ms() + 10 * WIRE_PATIENCE)); /* full is not gone */
	while (got < accepted) {
		wire_mailbox_flush(p->from, rt_clock_ms());
		if (wire_mailbox_receive(p->to, &walk, &trusted) != 1)
			continue;
		while (wire_walk_next(&walk, &in, trusted) == 1)
			assert_int_equal(in.head->txn, ++got);
	}
	assert_int_equal(wire_mailbox_tally(p->from)->lost, 0);
	assert_int_equal(post(p->from, ID, 1, SLICE("again")), 0);
}

static void actors_at_one_endpoint_share_a_pack(void **state)
{
	struct pair *p = *state;
	struct wire_walk walk;
	bool trusted;

	assert_int_equal(wire_mailbox_join(p->from, ID, p->endpoint, WIRE_VERSION), 0);
	assert_int_equal(wire_mailbox_join(p->from, ID + 1, p->endpoint, WIRE_VERSION), 0);
	assert_int_equal(post(p->from, ID, 1, SLICE("")), 0);
	assert_int_equal(post(p->from, ID + 1, 2, SLICE("")), 0);
	flush_all(p->from);
	receive(p->to, &walk, &trusted);
	assert_int_equal(walk.left, 2);
	wire_mailbox_leave(p->from, ID);
	assert_int_equal(post(p->from, ID, 3, SLICE("")), RT_ABSENT);
	assert_int_equal(post(p->from, ID + 1, 4, SLICE("")), 0);
	wire_mailbox_leave(p->from, ID + 1);
	wire_mailbox_leave(p->from, ID + 1);
	assert_int_equal(wire_mailbox_tally(p->from)->lost, 1);
	assert_false(wire_mailbox_knows(p->from, ID + 1));
}

static void a_peer_that_comes_late_gets_the_first_pack(void **state)
{
	struct pair *p = *state;
	char bound[108], late[128];
	struct wire_walk walk;
	bool trusted;

	wire_mailbox_destroy(&p->to);
	snprintf(late, sizeof(late), "ipc://%s/late", p->folder);
	assert_int_equal(wire_mailbox_join(p->from, ID, late, WIRE_VERSION), 0);
	assert_int_equal(post(p->from, ID, 1, SLICE("first")), 0);
	assert_int_not_equal(wire_mailbox_flush(p->from, rt_clock_ms()), UINT64_MAX);
	usleep(50000);
	p->to = wire_mailbox_new();
	assert_int_equal(wire_mailbox_bind(p->to, late, bound), 0);
	flush_all(p->from);
	receive(p->to, &walk, &trusted);
	assert_int_equal(wire_mailbox_tally(p->from)->lost, 0);
}

static void a_peer_never_reached_is_given_up_after_the_longer_patience(void **state)
{
	struct pair *p = *state;
	const rt_ms now = rt_clock_ms();

	assert_int_equal(wire_mailbox_join(p->from, ID, "ipc:///tmp/peal-no-such-box", WIRE_VERSION), 0);
	assert_int_equal(wire_mailbox_post(p->from, &(struct wire_head){ .to = ID }, 0, now), 0);
	assert_int_equal(wire_mailbox_flush(p->from, now), now + WIRE_RETRY);
	assert_int_equal(wire_mailbox_flush(p->from, now + WIRE_PATIENCE), now + WIRE_PATIENCE + WIRE_RETRY);
	assert_true(wire_mailbox_reaches(p->from, ID, now + WIRE_PATIENCE));
	assert_int_equal(wire_mailbox_flush(p->from, now + WIRE_PATIENCE + 1), UINT64_MAX);
	assert_int_equal(wire_mailbox_tally(p->from)->lost, 1);
	assert_int_equal(wire_mailbox_post(p->from, &(struct wire_head){ .to = ID }, 0, now + WIRE_PATIENCE + 2), RT_ABSENT);
}

static void a_peer_that_died_is_given_up_sooner(void **state)
{
	struct pair *p = *state;
	struct pollfd news = { wire_mailbox_news(p->from), POLLIN, 0 };
	rt_ms now;

	assert_int_equal(wire_mailbox_join(p->from, ID, p->endpoint, WIRE_VERSION), 0);
	assert_int_equal(post(p->from, ID, 1, SLICE("")), 0);
	flush_all(p->from);
	assert_int_equal(wire_mailbox_look(p->from, rt_clock_ms()), UINT64_MAX);
	assert_int_equal(poll(&news, 1, 0), 0); /* noticed, and nothing is missed */
	wire_mailbox_destroy(&p->to);
	assert_int_equal(poll(&news, 1, SECONDS * 1000), 1);
	now = rt_clock_ms();
	assert_int_equal(wire_mailbox_look(p->from, now), now + WIRE_LOST_PATIENCE + 1);
	usleep(50000); /* libzmq tells it, then takes the pipe down */
	assert_int_equal(poll(&news, 1, 0), 0);
	assert_int_equal(post(p->from, ID, 2, SLICE("")), 0);
	assert_int_not_equal(wire_mailbox_flush(p->from, now), UINT64_MAX);
	assert_true(wire_mailbox_reaches(p->from, ID, now + WIRE_LOST_PATIENCE));
	assert_false(wire_mailbox_reaches(p->from, ID, now + WIRE_LOST_PATIENCE + 1));
	assert_int_equal(wire_mailbox_flush(p->from, now + WIRE_LOST_PATIENCE + 1), UINT64_MAX);
	assert_int_equal(wire_mailbox_tally(p->from)->lost, 1);
	assert_int_equal(wire_mailbox_post(p->from, &(struct wire_head){ .to = ID }, 0, now + WIRE_LOST_PATIENCE + 2), RT_ABSENT);
	assert_int_equal(wire_mailbox_look(p->from, now + WIRE_LOST_PATIENCE + 2), UINT64_MAX);
}

/* The receiver reads nothing for longer than any heartbeat, its peer is gone: what did arrive is there, and it lives. */
static void a_full_mailbox_outlives_its_peer(void **state)
{
	static char text[32000];
	struct pair *p = *state;
	struct wire_walk walk;
	bool trusted;

	assert_int_equal(wire_mailbox_join(p->from, ID, p->endpoint, WIRE_VERSION), 0);
	post(p->from, ID, 0, slice_of(text, 1));
	flush_all(p->from);
	for (int refused = 0; refused < 200;) { /* ms in a row: it is not only behind */
		refused = post(p->from, ID, 1, slice_of(text, sizeof(text))) ? refused + 1 : 0;
		wire_mailbox_flush(p->from, rt_clock_ms());
		usleep(refused ? 1000 : 0);
	}
	wire_mailbox_destroy(&p->from);
	usleep(2500 * 1000);
	for (int n = 0; n < WIRE_HWM; n++)
		receive(p->to, &walk, &trusted);
	p->from = wire_mailbox_new();
	assert_non_null(p->from);
}

/* Somebody listens there and never greets; then the right one does, at the same address. */
static void a_connection_that_hangs_is_begun_anew(void **state)
{
	struct pair *p = *state;
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct wire_walk walk;
	bool trusted;
	char bound[108];
	const int deaf = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(at.sun_path, sizeof(at.sun_path), "%.80s.deaf", p->endpoint + strlen("ipc://"));
	assert_int_equal(bind(deaf, (const struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(deaf, 1), 0);
	snprintf(bound, sizeof(bound), "ipc://%.90s", at.sun_path);
	assert_int_equal(wire_mailbox_join(p->from, ID, bound, WIRE_VERSION), 0);
	assert_int_equal(post(p->from, ID, 1, SLICE("lost")), 0);
	usleep(50000); /* it has connected, and hangs */
	wire_mailbox_flush(p->from, rt_clock_ms());
	unlink(at.sun_path);
	assert_int_equal(link(p->endpoint + strlen("ipc://"), at.sun_path), 0);
	assert_int_equal(wire_mailbox_reconnect(p->from, ID), 0);
	assert_int_equal(post(p->from, ID, 2, SLICE("found")), 0);
	flush_all(p->from);
	receive(p->to, &walk, &trusted);
	assert_int_equal(wire_mailbox_tally(p->from)->lost, 1);
	assert_int_equal(wire_mailbox_reconnect(p->from, ID + 1), RT_ABSENT);
	unlink(at.sun_path);
	close(deaf);
}

static void bytes_that_are_no_pack_are_dropped(void **state)
{
	struct pair *p = *state;
	struct wire_walk walk;
	bool trusted;
	void *stranger = zmq_socket(zsys_init(), ZMQ_PUSH);
	const rt_ms end = rt_clock_ms() + SECONDS * 1000;

	assert_int_equal(zmq_connect(stranger, p->endpoint), 0);
	assert_true(zmq_send(stranger, "hello", 5, 0) == 5);
	while (wire_mailbox_receive(p->to, &walk, &trusted) != RT_BAD)
		assert_true(rt_clock_ms() < end);
	assert_int_equal(wire_mailbox_tally(p->to)->bad_in, 1);
	assert_int_equal(wire_mailbox_receive(p->to, &walk, &trusted), 0);
	zmq_close(stranger);
}

/* ---- CURVE ---- */

static void only_who_knows_the_secret_gets_in_by_tcp(void **state)
{
	static const uint8_t secret[32] = "a secret of thirty-two bytes...", wrong[32] = "another secret of the same size";
	struct wire_mailbox *in = wire_mailbox_new(), *friend = wire_mailbox_new(), *thief = wire_mailbox_new(), *open = wire_mailbox_new();
	struct wire_walk walk;
	struct wire_parcel parcel;
	char at[108];
	bool trusted;

	(void)state;
	assert_int_equal(wire_mailbox_secure(in, secret), 0);
	assert_int_equal(wire_mailbox_bind(in, "tcp://127.0.0.1:*", at), 0);
	assert_int_equal(wire_mailbox_secure(friend, secret), 0);
	assert_int_equal(wire_mailbox_secure(thief, wrong), 0);
	assert_int_equal(wire_mailbox_join(thief, ID, at, WIRE_VERSION), 0);
	assert_int_equal(wire_mailbox_join(open, ID, at, WIRE_VERSION), 0);
	assert_int_equal(wire_mailbox_join(friend, ID, at, WIRE_VERSION), 0);
	assert_int_equal(post(thief, ID, 1, SLICE("")), 0);
	assert_int_equal(post(open, ID, 2, SLICE("")), 0);
	for (int i = 0; i < 300; i++) {
		wire_mailbox_flush(thief, rt_clock_ms());
		wire_mailbox_flush(open, rt_clock_ms());
		usleep(1000);
	}
	assert_int_equal(post(friend, ID, 3, SLICE("")), 0);
	flush_all(friend);
	receive(in, &walk, &trusted);
	assert_int_equal(wire_walk_next(&walk, &parcel, trusted), 1);
	assert_int_equal(parcel.head->txn, 3);
	assert_int_equal(wire_mailbox_receive(in, &walk, &trusted), 0);
	assert_int_equal(wire_mailbox_tally(thief)->packs_out, 0);
	assert_int_equal(wire_mailbox_tally(open)->packs_out, 0);
	wire_mailbox_destroy(&in);
	wire_mailbox_destroy(&friend);
	wire_mailbox_destroy(&thief);
	wire_mailbox_destroy(&open);
}

static void an_address_that_cannot_be_is_refused(void **state)
{
	struct wire_mailbox *m = wire_mailbox_new();
	char bound[108];

	(void)state;
	assert_int_equal(wire_mailbox_bind(m, "ipc:///no/such/folder/box", bound), RT_CONFIG);
	assert_int_equal(wire_mailbox_join(m, ID, "nonsense", WIRE_VERSION), RT_CONFIG);
	assert_int_equal(post(m, ID, 1, SLICE("")), RT_ABSENT);
	assert_int_equal(post(m, 0, 1, SLICE("")), RT_ABSENT);
	wire_mailbox_destroy(&m);
}

static void as_many_peers_as_members(void **state)
{
	struct wire_mailbox *m = wire_mailbox_new();
	char at[64];

	(void)state;
	for (uint32_t id = 1; id <= 256; id++) {
		snprintf(at, sizeof(at), "inproc://peer-%u", id);
		assert_int_equal(wire_mailbox_join(m, id * 4096, at, WIRE_VERSION), 0); /* ids far apart: seats must not pile up */
	}
	assert_int_equal(wire_mailbox_join(m, 7, "inproc://peer-257", WIRE_VERSION), RT_NOMEM);
	for (uint32_t id = 2; id <= 256; id += 2)
		wire_mailbox_leave(m, id * 4096);
	for (uint32_t id = 1; id <= 256; id++)
		assert_int_equal(wire_mailbox_knows(m, id * 4096), id % 2);
	assert_int_equal(wire_mailbox_join(m, 7, "inproc://peer-257", WIRE_VERSION), 0);
	wire_mailbox_destroy(&m);
}

/* The number its one parcel bears; 0: nothing was taken. */
static uint64_t taken(struct wire_mailbox *m)
{
	struct wire_walk walk;
	struct wire_parcel in;
	bool trusted;

	if (wire_mailbox_receive(m, &walk, &trusted) != 1)
		return 0;
	assert_int_equal(wire_walk_next(&walk, &in, trusted), 1);
	return in.head->txn;
}

static void only_who_told_of_something_is_asked(void **state)
{
	struct pair *p = *state; /* ipc */
	struct wire_mailbox *near = wire_mailbox_new();
	char bound[108];

	assert_int_equal(wire_mailbox_bind(p->to, "inproc://told", bound), 0);
	assert_int_equal(taken(p->to), 0);
	assert_int_equal(wire_mailbox_join(near, ID, bound, WIRE_VERSION), 0);
	assert_int_equal(wire_mailbox_join(p->from, ID, p->endpoint, WIRE_VERSION), 0);
	assert_int_equal(post(p->from, ID, 1, SLICE("")), 0);
	flush_all(p->from);
	for (uint64_t n = 2; n <= 3; n++) {
		assert_int_equal(post(near, ID, n, SLICE("")), 0);
		assert_int_equal(wire_mailbox_waiting(near), 1);
		flush_all(near);
		assert_int_equal(wire_mailbox_waiting(near), 0);
	}
	assert_int_equal(poll(&(struct pollfd){ wire_mailbox_outer(p->to), POLLIN, 0 }, 1, SECONDS * 1000), 1);

	wire_mailbox_told(p->to, true, false);
	assert_int_equal(taken(p->to), 2);
	wire_mailbox_told(p->to, false, false); /* the inner one was not emptied */
	assert_int_equal(taken(p->to), 3);
	assert_int_equal(taken(p->to), 0);
	wire_mailbox_told(p->to, false, true);
	while (!taken(p->to)) { /* the connection itself is news, and may come before its first pack */
		assert_int_equal(poll(&(struct pollfd){ wire_mailbox_outer(p->to), POLLIN, 0 }, 1, SECONDS * 1000), 1);
		wire_mailbox_told(p->to, false, true);
	}
	wire_mailbox_destroy(&near);
}

#define FORMS(test)                                                          \
	{ #test " [inproc]", test, open_inproc, close_pair, 0 },             \
	{ #test " [ipc]", test, open_ipc, close_pair, 0 },                   \
	{ #test " [tcp]", test, open_tcp, close_pair, 0 }

int main(void)
{
	const struct CMUnitTest tests[] = {
		FORMS(packs_arrive_whole_and_in_order),
		FORMS(the_largest_message_travels_alone),
		FORMS(a_full_mailbox_is_an_answer),
		FORMS(actors_at_one_endpoint_share_a_pack),
		FORMS(bytes_that_are_no_pack_are_dropped),
		cmocka_unit_test_setup_teardown(a_peer_that_comes_late_gets_the_first_pack, open_ipc, close_pair),
		cmocka_unit_test_setup_teardown(a_peer_never_reached_is_given_up_after_the_longer_patience, open_ipc, close_pair),
		cmocka_unit_test_setup_teardown(a_peer_that_died_is_given_up_sooner, open_ipc, close_pair),
		cmocka_unit_test_setup_teardown(a_peer_that_died_is_given_up_sooner, open_tcp, close_pair),
		cmocka_unit_test_setup_teardown(a_full_mailbox_outlives_its_peer, open_ipc, close_pair),
		cmocka_unit_test_setup_teardown(a_full_mailbox_outlives_its_peer, open_tcp, close_pair),
		cmocka_unit_test_setup_teardown(a_connection_that_hangs_is_begun_anew, open_ipc, close_pair),
		cmocka_unit_test_setup_teardown(only_who_told_of_something_is_asked, open_ipc, close_pair),
		cmocka_unit_test(only_who_knows_the_secret_gets_in_by_tcp),
		cmocka_unit_test(an_address_that_cannot_be_is_refused),
		cmocka_unit_test(as_many_peers_as_members),
	};

	zsys_handler_set(0);
	return cmocka_run_group_tests(tests, 0, 0);
}
