-- SPDX-License-Identifier: MIT
--
-- queue: callers who wait for a busy user, queue:<aor>: a field each, "<since, us> <lease, ms> <his turn: 0, 1> <caller>", and
-- "again" (something became free while somebody had his turn), "seen" (the last event of events:reg that was counted).
--
--   KEYS[1]  queue:<aor>
--   ARGV     aor, what:
--            "stand" member lease_ms max since fresh caller   come, or stay. since "0": now. fresh "1": he has not been told busy yet
--            "leave" member pass                              pass "1": whoever is next has his turn
--            "back"  member                                   his turn was in vain
--            "free"  event                                    a phone of the user may be free; event: of events:reg, or ""
--
--   returns  stand: { ahead, turn, since }, ahead -1: there is no room.   others: { who has his turn now }
--
-- One turn at a time. Published on "queue":  turn <member> <aor> | moved <aor> | wait <aor>  (somebody waits: tell when he is free)

local key, aor, what = KEYS[1], ARGV[1], ARGV[2]
local member = what ~= 'free' and ARGV[3]
local clock = redis.call('TIME')
local us = clock[1] * 1000000 + clock[2]
local now = math.floor(us / 1000)
local standing, turn, orphan, moved = {}, nil, false, false

local function write(w)
	redis.call('HSET', key, w.member, string.format('%.0f %.0f %d %s', w.since, w.lease, w.turn, w.caller))
end

local function order(a, b)
	return a.since < b.since or (a.since == b.since and a.member < b.member)
end

local stored = redis.call('HGETALL', key)
local mine
for i = 1, #stored, 2 do
	local since, lease, his, caller = string.match(stored[i + 1], '^(%d+) (%d+) ([01]) (.*)$')
	if since then
		local w = { member = stored[i], since = tonumber(since), lease = tonumber(lease), turn = tonumber(his), caller = caller }
		if w.lease < now and w.member ~= member then
			redis.call('HDEL', key, w.member)
			moved = true
			orphan = orphan or w.turn == 1
		else
			standing[#standing + 1] = w
			mine = w.member == member and w or mine
			turn = w.turn == 1 and w or turn
		end
	end
end
table.sort(standing, order)

local function give_turn()
	local first = standing[1]
	if turn then
		redis.call('HSET', key, 'again', '1')
	elseif first then
		first.turn = 1
		turn = first
		write(first)
		redis.call('PUBLISH', 'queue', 'turn ' .. first.member .. ' ' .. aor)
	end
end

local function take_out(w)
	redis.call('HDEL', key, w.member)
	for i = 1, #standing do
		if standing[i] == w then
			table.remove(standing, i)
			break
		end
	end
	turn = turn ~= w and turn or nil
	moved = true
end

local function again()
	return redis.call('HDEL', key, 'again') == 1
end

local answer
if what == 'stand' then
	local lease, max, since, fresh, caller = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[7] == '1', ARGV[8]
	if not mine and #standing >= max then
		answer = { '-1', '0', '0' }
	else
		if not mine then
			mine = { member = member, since = since > 0 and since or us, turn = 0, caller = caller }
			standing[#standing + 1] = mine
			table.sort(standing, order)
		end
		if fresh and not turn and standing[1] == mine then
			mine.turn = 1
			turn = mine
		end
		mine.lease = now + lease
		write(mine)
		local ahead = 0
		while standing[ahead + 1] ~= mine do
			ahead = ahead + 1
		end
		if ahead == 0 then
			redis.call('PUBLISH', 'queue', 'wait ' .. aor)
		end
		answer = { tostring(ahead), tostring(mine.turn), string.format('%.0f', mine.since) }
	end
elseif what == 'leave' and mine then
	local had = mine.turn == 1
	take_out(mine)
	if had and (again() or ARGV[4] == '1') then
		give_turn()
	end
elseif what == 'back' and mine and mine.turn == 1 then
	mine.turn = 0
	turn = nil
	write(mine)
	if again() then
		give_turn()
	end
elseif what == 'free' and #standing > 0 then
	local at, n = string.match(ARGV[3], '^(%d+)-(%d+)$')
	local seen = redis.call('HGET', key, 'seen') or '0-0'
	local was, m = string.match(seen, '^(%d+)-(%d+)$')
	local news = not at or tonumber(at) > tonumber(was) or (at == was and tonumber(n) > tonumber(m))
	if at and news then
		redis.call('HSET', key, 'seen', ARGV[3])
	end
	if news then
		give_turn()
	end
end

if orphan and not turn then
	give_turn()
end
if #standing == 0 then
	redis.call('DEL', key)
else
	local last = 0
	for _, w in ipairs(standing) do
		last = math.max(last, w.lease)
	end
	redis.call('PEXPIREAT', key, string.format('%.0f', last + 1000))
	if moved then
		redis.call('PUBLISH', 'queue', 'moved ' .. aor)
	end
end
return answer or { turn and turn.member or '' }
