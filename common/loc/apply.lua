-- SPDX-License-Identifier: MIT
--
-- apply: one REGISTER on one address of record, whole or not at all (RFC 3261 10.3 steps 6 to 8).
--
--   KEYS[1]  reg:<aor>
--   ARGV     now, cseq, call_id (as JSON writes it), all ("1": Contact: *), max contacts, replace ("1": the oldest goes),
--            slack (seconds the key outlives its last binding), nonce ("" none), nonce count, nonce expiry,
--            then for each contact: id, expires_at, record (JSON without registered_at; "" removes)
--
--   returns  { "ok", { kind, id, record, ... }, { id, record, ... } }: what changed, and what now stands;
--            { "stale" } a binding is newer, { "full" } too many contacts, { "replay" } the nonce count was used: nothing was written
--
-- Records are flat JSON and read by pattern: a raw quote never stands inside a JSON string, so ,"name": occurs only as a name.

local key, now, cseq, call_id = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
local all, max, replace, slack = ARGV[4] == '1', tonumber(ARGV[5]), ARGV[6] == '1', tonumber(ARGV[7])
local nonce, count, nonce_until = ARGV[8], tonumber(ARGV[9]), tonumber(ARGV[10])
local FIRST, NONCES_MAX = 11, 8

local function number(record, name)
	return tonumber(string.match(record, ',"' .. name .. '":(%d+)')) or 0
end

-- ---- What is there ----

local have, changes, gone, nonces = {}, {}, {}, {} -- have: id -> record; nonces: field -> expiry
local live, replayed, again, last = 0, false, false, 0
local stored = redis.call('HGETALL', key)

local function read_nonce(field, value)
	local used, till, its_cseq, its_call = string.match(value, '^(%d+) (%d+) (%d+) (.*)$')
	if not till or tonumber(till) <= now then
		gone[#gone + 1] = field
		return
	end
	nonces[field] = tonumber(till)
	if nonce ~= '' and field == 'n:' .. nonce and count <= tonumber(used) then
		replayed = true
		again = tonumber(its_cseq) == cseq and its_call == call_id
	end
end

local function note(kind, id, record)
	local n = #changes
	changes[n + 1], changes[n + 2], changes[n + 3] = kind, id, record
end

for i = 1, #stored, 2 do
	local id, record = stored[i], stored[i + 1]
	if string.sub(id, 1, 2) == 'n:' then
		read_nonce(id, record)
	elseif number(record, 'expires_at') <= now then
		gone[#gone + 1] = id
		note('expire', id, record)
	else
		have[id] = record
		live = live + 1
	end
end

-- ---- Which binding a contact means ----

-- Ids of contacts are c:<canonical>#<other parameters>. Such a parameter counts only when both URIs have it (RFC 3261 19.1.4).
local function agree(a, b)
	local seen = {}
	for name, value in string.gmatch(a, '([^;=]+)=?([^;]*)') do
		seen[name] = value
	end
	for name, value in string.gmatch(b, '([^;=]+)=?([^;]*)') do
		if seen[name] and seen[name] ~= value then
			return false
		end
	end
	return true
end

local function split(id)
	local base, rest = string.match(id, '^([^#]*)#?(.*)$')
	return base, rest
end

local function find(id)
	if have[id] or string.sub(id, 1, 2) ~= 'c:' then
		return id
	end
	local base, rest = split(id)
	local best
	for other in pairs(have) do
		local its_base, its_rest = split(other)
		if its_base == base and agree(rest, its_rest) and (not best or other < best) then
			best = other
		end
	end
	return best or id
end

-- ---- Order: same Call-ID means the CSeq must have grown (10.3 steps 6 and 7) ----

local SAME = '"call_id":"' .. call_id .. '"'

-- nil: go on. 'stale': refused. 'same': this very request was applied before.
local function order(old, record)
	if not string.find(old, SAME, 1, true) then
		return nil
	end
	local its = number(old, 'cseq')
	if cseq > its then
		return nil
	end
	if cseq < its or record == '' then
		return 'stale'
	end
	local old_part = string.match(old, '^(.-),"expires_at":')
	local new_part = string.match(record, '^(.-),"expires_at":')
	local old_span = number(old, 'expires_at') - number(old, 'updated_at')
	local new_span = number(record, 'expires_at') - number(record, 'updated_at')
	return old_part == new_part and old_span == new_span and 'same' or 'stale'
end

-- ---- The changes, decided before anything is written ----

local writes, removes, touched = {}, {}, {}

if all then
	for id, record in pairs(have) do
		if order(record, '') == 'stale' then
			return { 'stale' }
		end
		removes[id] = record
	end
end

for i = FIRST, #ARGV, 3 do
	local id, record = ARGV[i], ARGV[i + 2]
	local at = find(id)
	local old = have[at]
	local verdict = old and not touched[at] and order(old, record)
	if verdict == 'stale' then
		return { 'stale' }
	end
	touched[at], touched[id] = true, true
	if verdict == 'same' then
		-- nothing to do
	elseif record == '' then
		removes[at], writes[id] = old, nil
	else
		local since = old and number(old, 'registered_at') or now
		writes[id] = string.sub(record, 1, -2) .. ',"registered_at":' .. since .. '}'
		removes[id] = nil
		if old and at ~= id then
			gone[#gone + 1] = at -- the same URI, written otherwise: it moves to its new name
			note('rename', at, old)
			have[id], have[at] = old, nil
		end
	end
end

if replayed and (next(writes) or next(removes) or not again) then
	return { 'replay' }
end

-- ---- Limits ----

local function oldest()
	local best, age
	for id, record in pairs(have) do
		local its = number(record, 'updated_at')
		if not touched[id] and not removes[id] and (not best or its < age or (its == age and id < best)) then
			best, age = id, its
		end
	end
	return best
end

local total, added = live, 0
for id in pairs(removes) do
	total = total - 1
end
for id in pairs(writes) do
	if not have[id] then
		total = total + 1
		added = added + 1
	end
end
while added > 0 and total > max do
	local id = replace and oldest()
	if not id then
		return { 'full' }
	end
	removes[id] = have[id]
	total = total - 1
end

-- ---- Writing ----

local sets, latest = {}, 0

for id, record in pairs(removes) do
	gone[#gone + 1] = id
	have[id] = nil
	note('remove', id, record)
end
for id, record in pairs(writes) do
	note(have[id] and 'refresh' or 'add', id, record)
	have[id] = record
	sets[#sets + 1] = id
	sets[#sets + 1] = record
end
if nonce ~= '' and not replayed then
	local n, first = 0, nil
	for field, till in pairs(nonces) do
		n = n + 1
		if not first or till < nonces[first] then
			first = field
		end
	end
	if n >= NONCES_MAX and not nonces['n:' .. nonce] then
		gone[#gone + 1] = first
		nonces[first] = nil
	end
	nonces['n:' .. nonce] = nonce_until
	sets[#sets + 1] = 'n:' .. nonce
	sets[#sets + 1] = count .. ' ' .. nonce_until .. ' ' .. cseq .. ' ' .. call_id
end
if #gone > 0 then
	redis.call('HDEL', key, unpack(gone))
end
if #sets > 0 then
	redis.call('HSET', key, unpack(sets))
end

local stand = {}
for id, record in pairs(have) do
	local till = number(record, 'expires_at')
	if till + slack > latest then
		latest = till + slack
	end
	stand[#stand + 1] = id
	stand[#stand + 1] = record
end
for _, till in pairs(nonces) do
	if till > latest then
		latest = till
	end
end
if #gone + #sets > 0 and latest > 0 then
	redis.call('PEXPIREAT', key, latest .. '000')
end
return { 'ok', changes, stand }
