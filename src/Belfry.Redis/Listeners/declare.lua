-- Says how many connections of one server listen to some addresses, and renews its lease. Absolute numbers: said twice, it is as if said once.
-- KEYS counts, active, servers, share · ARGV server, lease in ms, channel, number of the message, then address and count by turns
-- Answers 1; 0, nothing done, when the server has no lease and is not beginning (message 1): it has been taken for dead, and has to say everything again.
local now = redis.call('TIME')
local ms = now[1] * 1000 + math.floor(now[2] / 1000)
if ARGV[4] ~= '1' and not redis.call('ZSCORE', KEYS[3], ARGV[1]) then return 0 end
redis.call('ZADD', KEYS[3], ms + ARGV[2], ARGV[1])
for i = 5, #ARGV, 2 do
  local address, count = ARGV[i], tonumber(ARGV[i + 1])
  local before = tonumber(redis.call('HGET', KEYS[4], address) or '0')
  if count > 0 then redis.call('HSET', KEYS[4], address, count) else redis.call('HDEL', KEYS[4], address) end
  if count ~= before then
    if redis.call('HINCRBY', KEYS[1], address, count - before) > 0 then
      redis.call('SADD', KEYS[2], address)
    else
      redis.call('HDEL', KEYS[1], address)
      redis.call('SREM', KEYS[2], address)
    end
  end
end
local told = { ARGV[1], ARGV[4] }
for i = 5, #ARGV do told[#told + 1] = ARGV[i] end
redis.call(ARGV[3]:sub(1, 1) == '{' and 'SPUBLISH' or 'PUBLISH', ARGV[3], cjson.encode(told))
return 1
