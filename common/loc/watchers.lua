-- SPDX-License-Identifier: MIT
--
-- watchers: the subscriptions to one address of record, sub:<aor>: a field each, "<number> <expires_at> <cseq> <record>".
--
--   KEYS[1]  sub:<aor>
--   ARGV     now, what: "put" id refresh ("1") max expires_at cseq record | "take" ended ("1": only those whose time is over)
--
--   returns  { earliest expiry of what is left (0: nothing is left), { id, number, expires_at, cseq, record, .. } }: whom to tell now;
--            "gone" (a refresh of what is not there), "stale" (an older SUBSCRIBE), "full"

local key, now, what = KEYS[1], tonumber(ARGV[1]), ARGV[2]
local earliest, latest, count, tell = 0, 0, 0, {}

local function read(value)
	local number, till, cseq, record = string.match(value, '^(%d+) (%d+) (%d+) (.*)$')
	return tonumber(number), tonumber(till), tonumber(cseq), record
end

local function keep(till)
	count = count + 1
	if earliest == 0 or till < earliest then
		earliest = till
	end
	if till > latest then
		latest = till
	end
end

local function say(id, number, till, cseq, record)
	for _, word in ipairs({ id, number, till, cseq, record }) do
		tell[#tell + 1] = tostring(word)
	end
end

local stored = redis.call('HGETALL', key)
local mine = what == 'put' and ARGV[3]
local old

for i = 1, #stored, 2 do
	local id, number, till, cseq, record = stored[i], read(stored[i + 1])
	if not number then
		redis.call('HDEL', key, id)
	elseif id == mine then
		old = { number, till, cseq }
	elseif till <= now then
		if what == 'take' then
			redis.call('HDEL', key, id)
			say(id, number + 1, till, cseq, record)
		else
			keep(till)
		end
	else
		keep(till)
		if what == 'take' and ARGV[3] ~= '1' then
			redis.call('HSET', key, id, (number + 1) .. ' ' .. till .. ' ' .. cseq .. ' ' .. record)
			say(id, number + 1, till, cseq, record)
		end
	end
end

if mine then
	local refresh, max, till, cseq, record = ARGV[4] == '1', tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7]), ARGV[8]
	if refresh and not (old and old[2] > now) then
		return 'gone'
	elseif old and cseq < old[3] then
		return 'stale'
	elseif not old and count >= max then
		return 'full'
	end
	local number = (old and old[1] or 0) + 1
	if till > now then
		redis.call('HSET', key, mine, number .. ' ' .. till .. ' ' .. cseq .. ' ' .. record)
		keep(till)
	else
		redis.call('HDEL', key, mine)
	end
	say(mine, number, till, cseq, record)
end
if count > 0 then
	redis.call('PEXPIREAT', key, (latest + 60) .. '000')
end
return { tostring(earliest), tell }
