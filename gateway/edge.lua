-- Requests: services see only these of the client's headers, so that none can be forged and none exceeds
-- what gRPC accepts as metadata.
local passed = {
  ["authorization"] = true,
  ["content-length"] = true,
  ["content-type"] = true,
  ["idempotency-key"] = true,
  ["if-range"] = true,
  ["range"] = true,
  ["transfer-encoding"] = true,
  ["user-agent"] = true,
  ["x-envoy-external-address"] = true,
  ["x-forwarded-proto"] = true,
  ["x-request-id"] = true,
}

-- The maximum lengths that are passed on; a key that was cut is still too long for the service to accept.
local longest = { ["user-agent"] = 256, ["idempotency-key"] = 300, ["if-range"] = 256, ["range"] = 256 }

-- The access log has only what an address of ours can consist of: words and ids (26 of a-z and 2-7). The
-- rest may be a key that somebody has pasted into an address, also as a fragment, or behind an escaped `?`.
local function of_ours(part)
  local is_word = #part <= 32 and string.find(part, "^[%a%._-]*$")
  local is_id = #part == 26 and string.find(part, "^[a-z2-7]+$")
  return (is_word or is_id or part == "v1") and part or "*"
end

local function for_the_log(path)
  return (string.gsub(string.match(path, "^[^?#;%%]*"), "[^/:]+", of_ours))
end

function envoy_on_request(request)
  local headers = request:headers()
  request:streamInfo():dynamicMetadata():set("smelt", "path", for_the_log(headers:get(":path") or ""))
  local dropped = {}
  for name, _ in pairs(headers) do
    if not passed[name] and string.sub(name, 1, 1) ~= ":" then
      dropped[#dropped + 1] = name
    end
  end
  for _, name in ipairs(dropped) do
    headers:remove(name)
  end
  for name, length in pairs(longest) do
    local value = headers:get(name)
    if value and #value > length then
      headers:replace(name, string.sub(value, 1, length))
    end
  end
  local agent = headers:get("user-agent")
  if agent then
    headers:add("x-smelt-user-agent", agent)
  end
end

-- The transcoder quotes the part of a body that it could not read, which may contain a secret. The message is
-- the last field of our own refusals, so everything from the line of the quotation on is cut off.
local function without_quotation(response)
  local body = response:body()
  local text = body:getBytes(0, body:length())
  local start = string.find(text, '"message":"', 1, true)
  local cut = start and (string.find(text, "\\n", start, true) or string.find(text, "\\u000a", start, true))
  if cut and string.find(text, '"}%s*$') then
    local length = body:setBytes(string.sub(text, 1, cut - 1) .. '"}')
    response:headers():replace("content-length", length)
  end
end

-- Envoy refuses requests with a gRPC content type in gRPC's own form, with status 200. The only such refusal
-- that can occur here is 415.
local refused_grpc = '{"code":3,"message":"Send application/json","details":[{"@type":'
  .. '"type.googleapis.com/google.rpc.ErrorInfo","reason":"UNSUPPORTED_MEDIA_TYPE","domain":"smelt"}]}'

local function as_json(response)
  local headers = response:headers()
  headers:replace(":status", "415")
  headers:replace("content-type", "application/json")
  headers:replace("content-length", response:body(true):setBytes(refused_grpc))
end

-- Responses: over gRPC a service can neither choose the HTTP status nor send a content-length, so it sends
-- both under other names. gRPC's own headers are dropped.
function envoy_on_response(response)
  local headers = response:headers()
  local status = headers:get("x-http-status")
  if status then
    headers:replace(":status", status)
    headers:remove("x-http-status")
  end
  local length = headers:get("x-content-length")
  if length then
    -- The announced length applies to the content, not to an error sent in its place.
    local sent = headers:get(":status")
    if sent == "200" or sent == "206" then
      headers:replace("content-length", length)
    end
    headers:remove("x-content-length")
  end
  headers:remove("grpc-status")
  headers:remove("grpc-message")
  local content_type = headers:get("content-type")
  if content_type and string.find(content_type, "^application/grpc") then
    as_json(response)
  elseif headers:get(":status") == "400" then
    without_quotation(response)
  end
end
