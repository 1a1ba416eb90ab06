-- Takes back some of the share of a server whose lease has ended. To be called until it answers 0 and none: a large share goes piece by piece, so that nobody waits long.
-- KEYS counts, active, servers · ARGV stem of shares, channel, server that goes in order (or ''), addresses at most
-- Answers how many addresses nobody listens to any more, and how many pieces are left at least.
local now = redis.call('TIME')
local ms = now[1] * 1000 + math.floor(now[2] / 1000)
local dead = ARGV[3]
if dead == '' then dead = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', '(' .. ms, 'LIMIT', 0, 1)[1] end
if not dead then return { 0, 0 } end
local share = ARGV[1] .. dead
local freed = 0
local page = redis.call('HSCAN', share, '0', 'COUNT', ARGV[4])[2]
for i = 1, #page, 2 do
  local address = page[i]
  if redis.call('HINCRBY', KEYS[1], address, -tonumber(page[i + 1])) <= 0 then
    redis.call('HDEL', KEYS[1], address)
    redis.call('SREM', KEYS[2], address)
    freed = freed + 1
  end
  redis.call('HDEL', share, address)
end
if redis.call('EXISTS', share) == 0 then
  redis.call('ZREM', KEYS[3], dead)
  redis.call(ARGV[2]:sub(1, 1) == '{' and 'SPUBLISH' or 'PUBLISH', ARGV[2], cjson.encode({ dead, '0' }))
end
return { freed, 1 }
