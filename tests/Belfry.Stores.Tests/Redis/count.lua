-- Counts two keys of one slot in one step; returns the second.
-- KEYS[1], KEYS[2]: counters.
redis.call('INCR', KEYS[1])
return redis.call('INCR', KEYS[2])
