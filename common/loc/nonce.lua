-- SPDX-License-Identifier: MIT
--
-- nonce: each count of a digest nonce serves once, and only upwards (RFC 7616 3.4, nc).
--
--   KEYS[1]  nonce:<nonce>
--   ARGV     count, seconds until the nonce is stale anyway
--   returns  1 when the count is fresh, 0 when it was used

local used = redis.call('GET', KEYS[1])
if used and tonumber(used) >= tonumber(ARGV[1]) then
	return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
return 1
