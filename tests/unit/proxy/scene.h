/* SPDX-License-Identifier: MIT */
/*
 * scene: an element to test the pure files of the proxy in.
 *
 *   edge 7   udp 192.0.2.1:5060 as proxy.example.com, tcp 192.0.2.1:5060, tls 192.0.2.1:5061, udp [2001:db8::1]:5060
 *   edge 8   ws 192.0.2.2:80 as edge.example.com
 *   domains  example.com, secure.example.com (callers are asked for a password), redirect.example.com
 */
#ifndef PROXY_SCENE_H
#define PROXY_SCENE_H

#include "kit/test.h"
#include "request.h"
#include "route.h"

static struct proxy_element scene;

static const char *const scene_members[] = {
	"{\"tier\":\"transport\",\"id\":7,\"version\":1,\"host\":\"a\",\"pid\":1,\"state\":\"live\",\"load\":0,\"seen\":1,"
	"\"ipc\":\"\",\"tcp\":\"\",\"listeners\":[\"udp:192.0.2.1:5060 as proxy.example.com:5060\","
	"\"tcp:192.0.2.1:5060 as proxy.example.com:5060\",\"tls:192.0.2.1:5061 as proxy.example.com:5061\","
	"\"udp:[2001:db8::1]:5060 as [2001:db8::1]:5060\"]}",
	"{\"tier\":\"transport\",\"id\":8,\"version\":1,\"host\":\"a\",\"pid\":1,\"state\":\"live\",\"load\":0,\"seen\":1,"
	"\"ipc\":\"\",\"tcp\":\"\",\"listeners\":[\"ws:192.0.2.2:80 as edge.example.com:80\"]}",
};

static char *scene_environment[] = { (char[]){ "PEAL_SERVER_DOMAINS=example.com secure.example.com redirect.example.com" },
	                             (char[]){ "PEAL_SERVER_NAMES=sip.example.com" }, (char[]){ "PEAL_SERVER_AUTH=off" }, 0, 0, 0 };

static inline void scene_configure(char *first, char *second)
{
	struct svc_config *config;
	char error[512] = "";

	scene_environment[3] = first;
	scene_environment[4] = first ? second : 0;
	if (svc_config_load(&config, 0, scene_environment, error))
		fail_msg("configuration: %s", error);
	if (scene.config) {
		struct svc_config *old = (struct svc_config *)(uintptr_t)scene.config;

		svc_config_destroy(&old);
	}
	scene.config = config;
}

static inline int scene_open(void **state)
{
	struct wire_members *const members = wire_members_new();
	struct wire_member m;

	(void)state;
	scene = (struct proxy_element){ .arena = rt_arena_new(1 << 20), .branch = { 1, 2 }, .dialog = { 3, 4 }, .tag = { 5, 6 },
		                        .nonce = { 7, 8 }, .now = 1795300000 };
	scene_configure(0, 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(wire_member_parse(&m, slice_str(scene_members[i])), 0);
		assert_int_equal(wire_members_put(members, &m), 0);
	}
	scene.members = members;
	scene.aliases = wire_aliases_new();
	return 0;
}

static inline int scene_close(void **state)
{
	struct wire_members *members = (struct wire_members *)(uintptr_t)scene.members;
	struct svc_config *config = (struct svc_config *)(uintptr_t)scene.config;
	struct wire_aliases *aliases = (struct wire_aliases *)(uintptr_t)scene.aliases;

	(void)state;
	wire_members_destroy(&members);
	wire_aliases_destroy(&aliases);
	svc_config_destroy(&config);
	rt_arena_destroy(&scene.arena);
	scene.config = 0;
	return 0;
}

/* What follows the start line of a request: short, and the same in every test. */
#define SCENE_REST                                                                                                \
	"Via: SIP/2.0/UDP 198.51.100.9:5062;branch=z9hG4bKcaller\r\n"                                             \
	"From: <sip:alice@example.com>;tag=a1\r\nCall-ID: c1\r\nCSeq: 1 INVITE\r\nContact: <sip:alice@198.51.100.9:5062>\r\n"

/* A request as it comes from alice by UDP at edge 7, read, but not yet through 16.4. */
static inline struct proxy_request scene_arrived(const char *text)
{
	struct sip_index *const room = rt_arena_take(scene.arena, sizeof(*room));
	struct proxy_request r = { .from = { .edge = 7, .listener = 0 } };
	struct sip_fault why = { 0 };

	if (sip_msg_parse(&r.msg, room, slice_str(text), &why))
		fail_msg("the test's request does not parse: %s at %u\n%s", why.rule, why.at, text);
	assert_int_equal(sip_hop_parse(&r.from.remote, SLICE("udp:198.51.100.9:5062")), 0);
	assert_int_equal(sip_hop_parse(&r.local, SLICE("udp:192.0.2.1:5060")), 0);
	return r;
}

static inline struct proxy_request scene_request(const char *text)
{
	struct proxy_request r = scene_arrived(text);

	assert_int_equal(proxy_route(&scene, &r), 0);
	return r;
}

#endif
