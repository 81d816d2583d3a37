-- SPDX-License-Identifier: MIT
--
-- apply: one REGISTER on one address of record, whole or not at all (RFC 3261 10.3 steps 6 to 8).
--
--   KEYS[1]  reg:<aor>
--   ARGV     now, cseq, call_id (as JSON writes it), all ("1": Contact: *), max contacts, replace ("1": the oldest goes),
--            slack (seconds the key outlives its last binding), nonce ("" none), nonce count, nonce expiry,
--            then for each contact: id, expires_at, tail ("" removes)
--
--   returns  { "ok", { kind, id, record, ... }, { id, record, ... } }: what changed (record only of what went), what now stands;
--            { "stale" } a binding is newer, { "full" } too many contacts, { "replay" } the nonce count was used: nothing was written
--
-- A record is flat JSON with a head of fixed shape, so that one anchored pattern reads it, and a tail the caller wrote:
--
--   {"expires_at":E,"updated_at":U,"registered_at":R,"cseq":C,"call_id":"..", what the phone said .. ,"received":"..", how it came .. }

local key, now, cseq, call_id = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
local all, max, replace, slack = ARGV[4] == '1', tonumber(ARGV[5]), ARGV[6] == '1', tonumber(ARGV[7])
local nonce, count, nonce_until = ARGV[8], ARGV[9], ARGV[10] -- as text: most often it is only written
local match, sub, byte = string.match, string.sub, string.byte

local FIRST, NONCES_MAX = 11, 8
local HEAD = '^{"expires_at":(%d+),"updated_at":(%d+),"registered_at":(%d+),()"cseq":(%d+),()'
local RECORD, UNTIL, UPDATED, SINCE, TAIL, CSEQ, AFTER = 1, 2, 3, 4, 5, 6, 7 -- a binding: its record and what its head says

-- ---- What is there ----

local have, changes, gone, nonces = {}, {}, {}, {} -- have: id -> binding; nonces: field -> expiry
local live, replayed, again = 0, false, false
local stored = redis.call('HGETALL', key)

local function note(kind, id, record)
	local n = #changes
	changes[n + 1], changes[n + 2], changes[n + 3] = kind, id, record
end

local function read_nonce(field, value)
	local used, till, its_cseq, its_call = match(value, '^(%d+) (%d+) (%d+) (.*)$')
	if not till or tonumber(till) <= now then
		gone[#gone + 1] = field
		return
	end
	nonces[field] = tonumber(till)
	if nonce ~= '' and field == 'n:' .. nonce and tonumber(count) <= tonumber(used) then
		replayed = true
		again = tonumber(its_cseq) == cseq and its_call == call_id
	end
end

for i = 1, #stored, 2 do
	local id, record = stored[i], stored[i + 1]
	if byte(id, 1) == 110 and byte(id, 2) == 58 then -- n:
		read_nonce(id, record)
	else
		local till, updated, since, tail, its_cseq, after = match(record, HEAD)
		till = tonumber(till)
		if till and till > now then
			have[id] = { record, till, updated, since, tail, tonumber(its_cseq), after }
			live = live + 1
		else
			gone[#gone + 1] = id
			note('expire', id, record)
		end
	end
end

-- ---- Which binding a contact means ----

-- Ids of contacts are c:<canonical>#<other parameters>. Such a parameter counts only when both URIs have it (RFC 3261 19.1.4).
local function find(id)
	if live == 0 or sub(id, 1, 2) ~= 'c:' then
		return id
	end
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
	local base, rest = match(id, '^([^#]*)#?(.*)$')
	local best
	for other in pairs(have) do
		local its_base, its_rest = match(other, '^([^#]*)#?(.*)$')
		if its_base == base and agree(rest, its_rest) and (not best or other < best) then
			best = other
		end
	end
	return best or id
end

-- ---- Order: same Call-ID means the CSeq must have grown (10.3 steps 6 and 7) ----

local SAME = '"call_id":"' .. call_id .. '"'

-- nil: go on. 'stale': refused. 'same': this very request was applied before.
local function order(old, till, tail)
	if sub(old[RECORD], old[AFTER], old[AFTER] + #SAME - 1) ~= SAME or cseq > old[CSEQ] then
		return nil
	end
	if cseq < old[CSEQ] or tail == '' then
		return 'stale'
	end
	local said = match(sub(old[RECORD], old[TAIL]), '^(.-),"received":')
	if said == match(tail, '^(.-),"received":') and old[UNTIL] - old[UPDATED] == till - now then
		return 'same'
	end
	return 'stale'
end

-- ---- The changes, decided before anything is written ----

local writes, removes, touched = {}, {}, {} -- id -> new binding; id -> old binding; id -> true

if all then
	for id, old in pairs(have) do
		if order(old, 0, '') == 'stale' then
			return { 'stale' }
		end
		removes[id] = old
	end
end

for i = FIRST, #ARGV, 3 do
	local id, till, tail = ARGV[i], ARGV[i + 1], ARGV[i + 2]
	local at = have[id] and id or find(id)
	local old = have[at]
	local verdict = old and not touched[at] and order(old, till, tail)
	if verdict == 'stale' then
		return { 'stale' }
	end
	touched[at], touched[id] = true, true
	if verdict == 'same' then
		-- nothing to do
	elseif tail == '' then
		removes[at], writes[id] = old, nil
	else
		local since = old and old[SINCE] or ARGV[1]
		writes[id] = { '{"expires_at":' .. till .. ',"updated_at":' .. ARGV[1] .. ',"registered_at":' .. since .. ',' .. tail, tonumber(till) }
		removes[id] = nil
		if old and at ~= id then
			gone[#gone + 1] = at -- the same URI, written otherwise: it moves to its new name
			note('rename', at, old[RECORD])
			have[id], have[at] = old, nil
		end
	end
end

if replayed and (next(writes) or next(removes) or not again) then
	return { 'replay' }
end

-- ---- Limits ----

local total, added = live, 0
for _ in pairs(removes) do
	total = total - 1
end
for id in pairs(writes) do
	if not have[id] then
		total = total + 1
		added = added + 1
	end
end
if added > 0 and total > max then
	local function oldest()
		local best, age
		for id, b in pairs(have) do
			local its = tonumber(b[UPDATED])
			if not touched[id] and not removes[id] and (not best or its < age or (its == age and id < best)) then
				best, age = id, its
			end
		end
		return best
	end
	while total > max do
		local id = replace and oldest()
		if not id then
			return { 'full' }
		end
		removes[id] = have[id]
		total = total - 1
	end
end

-- ---- Writing ----

local sets = {}

for id, old in pairs(removes) do
	gone[#gone + 1] = id
	have[id] = nil
	note('remove', id, old[RECORD])
end
for id, new in pairs(writes) do
	note(have[id] and 'refresh' or 'add', id, '')
	have[id] = new
	sets[#sets + 1] = id
	sets[#sets + 1] = new[RECORD]
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
	nonces['n:' .. nonce] = tonumber(nonce_until)
	sets[#sets + 1] = 'n:' .. nonce
	sets[#sets + 1] = count .. ' ' .. nonce_until .. ' ' .. ARGV[2] .. ' ' .. call_id
end
if #gone > 0 then
	redis.call('HDEL', key, unpack(gone))
end
if #sets > 0 then
	redis.call('HSET', key, unpack(sets))
end

local stand, latest, n = {}, 0, 0
for id, b in pairs(have) do
	if b[UNTIL] + slack > latest then
		latest = b[UNTIL] + slack
	end
	stand[n + 1], stand[n + 2] = id, b[RECORD]
	n = n + 2
end
if #gone + #sets > 0 then
	for _, till in pairs(nonces) do
		if till > latest then
			latest = till
		end
	end
	if latest > 0 then
		redis.call('PEXPIREAT', key, latest .. '000')
	end
end
return { 'ok', changes, stand }
