-- Whether a new connection may come in, decided before anything is kept for it. Every sender has a bucket of
-- tokens; each connection takes one, and they come back at a steady rate. Each worker thread has its own
-- buckets.
local PER_SECOND, AT_ONCE, MOST_KNOWN = $per_second, $at_once, 10000

-- The senders that came lately, and those before them. A sender in neither has not come for a while, so its
-- bucket is full.
local lately, before, known = {}, {}, 0

local function groups_of(text)
  local groups = {}
  for group in string.gmatch(text, "[^:]+") do
    groups[#groups + 1] = group
  end
  return groups
end

-- An IPv4 address, or the /64 of an IPv6 address: a single sender can use all of the latter.
local function sender_of(address)
  local mapped = string.match(address, "^::ffff:(%d+%.%d+%.%d+%.%d+)$$")
  if mapped or not string.find(address, ":", 1, true) then
    return mapped or address
  end
  local left, right = string.match(address, "^(.-)::(.*)$$")
  left, right = groups_of(left or address), groups_of(right or "")
  local network = {}
  for i = 1, 4 do
    network[i] = left[i] or right[i - 8 + #right] or "0"
  end
  return table.concat(network, ":")
end

local function bucket_of(sender, now)
  local bucket = lately[sender]
  if bucket then
    return bucket
  end
  if known >= MOST_KNOWN then
    lately, before, known = {}, lately, 0
  end
  bucket = before[sender] or { tokens = AT_ONCE, filled = now }
  lately[sender] = bucket
  known = known + 1
  return bucket
end

function envoy_match(address)
  local now = os.time()
  local bucket = bucket_of(sender_of(address), now)
  -- The clock may have been set back.
  local seconds = math.max(0, now - bucket.filled)
  bucket.tokens = math.min(AT_ONCE, bucket.tokens + seconds * PER_SECOND)
  bucket.filled = now
  if bucket.tokens < 1 then
    return false
  end
  bucket.tokens = bucket.tokens - 1
  return true
end
