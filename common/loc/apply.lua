-- SPDX-License-Identifier: MIT
--
-- apply: one REGISTER on one address of record, whole or not at all (RFC 3261 10.3 steps 6 to 8).
--
--   KEYS[1]  reg:<aor>
--   ARGV     now, cseq, rule: "<1: Contact: *> <max contacts> <1: the oldest goes> <slack> <call_id as JSON writes it>"
--            (slack: seconds the key outlives its last binding), until: when the key ends if the one contact is all there is,
--            nonce: "n:<nonce>" or "", nonce count, what follows the count in its record: " <expiry> <cseq> <call_id>",
--            then for each contact: id, expires_at, tail ("" removes)
--
--   returns  registered_at: the one binding there is was refreshed as it was said, see "The usual one";
--            { "ok", { kind, id, record, ... }, { id, record, ... } }: what changed (record only of what went), what now stands;
--            { "stale" } a binding is newer, { "full" } too many contacts, { "replay" } the nonce count was used: nothing was written
--
-- A record is flat JSON with a head of fixed shape, so that one anchored pattern reads it, and a tail the caller wrote:
--
--   {"expires_at":E,"updated_at":U,"registered_at":R,"cseq":C,"call_id":"..", what the phone said .. ,"received":"..", how it came .. }

local ARGV, call, match, sub = ARGV, redis.call, string.match, string.sub
local key, now, cseq, nonce, count = KEYS[1], ARGV[1], ARGV[2], ARGV[5], ARGV[6]
local FIRST, NONCES_MAX = 8, 8
local stored = call('HGETALL', key)

-- ---- The usual one: the only binding, word for word as before under the same Call-ID, a higher CSeq, not to end earlier ----
-- No closures, no tables: this is nearly all a registrar does. Whatever is otherwise goes the whole way below,
-- and so does the first refresh of a binding: it writes the sets anew, should they have been lost when it was added.

local id = ARGV[FIRST]
if id and not ARGV[FIRST + 3] then
	local ends, tail, last = ARGV[FIRST + 1], ARGV[FIRST + 2], ARGV[4]
	local usual, since, gone = #stored <= 2 + 2 * NONCES_MAX, nil, nil
	local others, first, first_end = 0, nil, nil -- nonces but ours, and the first of them to end
	for i = 1, usual and #stored or 0, 2 do
		local field, value = stored[i], stored[i + 1]
		if field == id then
			local till, updated, began, its_cseq, rest =
				match(value, '^{"expires_at":(%d+),"updated_at":(%d+),"registered_at":(%d+),"cseq":(%d+)()')
			since = till and updated ~= began and till - now > 0 and ends - till >= 0 and cseq - its_cseq > 0
			        and sub(value, rest) == sub(tail, 8 + #cseq) and began -- behind "cseq":C
		else -- a nonce: ours, with a lower count; others as long as they last
			local used, its_end = match(value, '^(%d+) (%d+) ')
			if not used then
				usual = false -- another binding
				break
			elseif its_end - now <= 0 then
				gone = gone or {}
				gone[#gone + 1] = field
			elseif field == nonce then
				usual, others = usual and count - used > 0, -NONCES_MAX -- it takes no new place
			else
				others = others + 1
				if not first or its_end - first_end < 0 then
					first, first_end = field, its_end
				end
				if its_end - last > 0 then
					last = its_end
				end
			end
		end
	end
	if usual and since then
		local record = '{"expires_at":' .. ends .. ',"updated_at":' .. now .. ',"registered_at":' .. since .. ',' .. tail
		if others >= NONCES_MAX and nonce ~= '' then
			gone = gone or {}
			gone[#gone + 1] = first
		end
		if gone then
			call('HDEL', key, unpack(gone))
		end
		if nonce == '' then
			call('HSET', key, id, record)
		else
			call('HSET', key, id, record, nonce, count .. ARGV[7])
		end
		call('EXPIREAT', key, last)
		return since
	end
end

local all, max, replace, slack, call_id = match(ARGV[3], '^(%d) (%d+) (%d) (%d+) (.*)$')
local byte = string.byte
local HEAD = '^{"expires_at":(%d+),"updated_at":(%d+),"registered_at":(%d+),()"cseq":(%d+),()'
local RECORD, UNTIL, UPDATED, SINCE, TAIL, CSEQ, AFTER = 1, 2, 3, 4, 5, 6, 7 -- a binding: its record and what its head says
now, cseq, all, max, replace, slack = tonumber(now), tonumber(cseq), all == '1', tonumber(max), replace == '1', tonumber(slack)

-- ---- What is there ----

local have, changes, gone, nonces = {}, {}, {}, {} -- have: id -> binding; nonces: field -> expiry
local live, replayed, again = 0, false, false

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
	if field == nonce and tonumber(count) <= tonumber(used) then
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
-- One that this very request named before counts as well: contacts are taken one after the other (10.3 step 7).
local writes = {} -- id -> new binding

local function find(id)
	if sub(id, 1, 2) ~= 'c:' or (live == 0 and not next(writes)) then
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
	local function look(among)
		for other in pairs(among) do
			local its_base, its_rest = match(other, '^([^#]*)#?(.*)$')
			if its_base == base and agree(rest, its_rest) and (not best or other < best) then
				best = other
			end
		end
	end
	look(writes)
	if not best then
		look(have)
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

local removes, touched = {}, {} -- id -> old binding; id -> true

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
	local at = (have[id] or writes[id]) and id or find(id)
	local old = have[at]
	local verdict = old and not touched[at] and order(old, till, tail)
	if verdict == 'stale' then
		return { 'stale' }
	end
	touched[at], touched[id] = true, true
	if verdict == 'same' then
		-- nothing to do
	elseif tail == '' then
		removes[at], writes[at] = old, nil
	else
		local since = old and old[SINCE] or ARGV[1]
		writes[id] = { '{"expires_at":' .. till .. ',"updated_at":' .. ARGV[1] .. ',"registered_at":' .. since .. ',' .. tail, tonumber(till) }
		removes[id] = nil
		if at ~= id then
			writes[at], removes[at] = nil, nil
		end
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
	if n >= NONCES_MAX and not nonces[nonce] then
		gone[#gone + 1] = first
		nonces[first] = nil
	end
	nonces[nonce] = tonumber(match(ARGV[7], '%d+'))
	sets[#sets + 1] = nonce
	sets[#sets + 1] = count .. ARGV[7]
end
if #gone > 0 then
	call('HDEL', key, unpack(gone))
end
if #sets > 0 then
	call('HSET', key, unpack(sets))
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
		call('EXPIREAT', key, latest)
	end
end
return { 'ok', changes, stand }
