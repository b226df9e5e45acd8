-- Requests: a service sees only these headers of a client's, so that none can be forged and none outgrows
-- what gRPC takes as metadata.
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

-- The longest values that are passed; a key that was cut is still too long for the service to take.
local longest = { ["user-agent"] = 256, ["idempotency-key"] = 300, ["if-range"] = 256, ["range"] = 256 }

function envoy_on_request(request)
  local headers = request:headers()
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

-- The transcoder quotes the place in a body that it could not read, and what stands there may be a secret.
-- Our own refusals end with their message, which is cut before the quotation's line.
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

-- Envoy's own refusals of requests of a gRPC content type come in gRPC's form, with status 200. The only one
-- of them that can come here says 415.
local refused_grpc = '{"code":3,"message":"Send application/json","details":[{"@type":'
  .. '"type.googleapis.com/google.rpc.ErrorInfo","reason":"UNSUPPORTED_MEDIA_TYPE","domain":"smelt"}]}'

local function as_json(response)
  local headers = response:headers()
  headers:replace(":status", "415")
  headers:replace("content-type", "application/json")
  headers:replace("content-length", response:body(true):setBytes(refused_grpc))
end

-- Answers: a service can neither choose the HTTP status nor send a content-length over gRPC, so that it
-- sends both under other names. What belongs to gRPC is dropped.
function envoy_on_response(response)
  local headers = response:headers()
  local status = headers:get("x-http-status")
  if status then
    headers:replace(":status", status)
    headers:remove("x-http-status")
  end
  local length = headers:get("x-content-length")
  if length then
    -- The announced length is that of the content, not of an error that came instead.
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
