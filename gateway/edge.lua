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

-- HEAD is answered as GET is, but without content. Services have no such method: they see GET, and from
-- x-smelt-method that a stream can end after its first message.
local function as_get(request, headers)
  local method = headers:get(":method")
  headers:add("x-smelt-method", method)
  if method == "HEAD" then
    headers:replace(":method", "GET")
    -- A range is defined for GET alone (RFC 9110, section 14.2).
    headers:remove("range")
    headers:remove("if-range")
    request:streamInfo():dynamicMetadata():set("smelt", "head", true)
  end
end

-- The session of a browser is in a cookie that no script can read. It counts only where a page of this very
-- origin asks, or where nothing changes and a person typed or bookmarked the address: no other site can use
-- it. Programs send the token itself, and then no cookie counts.
local function session_of_browser(headers)
  if headers:get("authorization") then
    return nil
  end
  local site, method = headers:get("sec-fetch-site"), headers:get(":method")
  local reads = method == "GET" or method == "HEAD"
  if site ~= "same-origin" and not (site == "none" and reads) then
    return nil
  end
  return string.match("; " .. (headers:get("cookie") or ""), "; __Host%-smelt=([%w%-_.]+)")
end

function envoy_on_request(request)
  local headers = request:headers()
  local token = session_of_browser(headers)
  if token then
    headers:add("authorization", "Bearer " .. token)
  end
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
  -- The transcoder drops the length; a service that knows it can refuse a body before it has come.
  local length = headers:get("content-length")
  if length then
    headers:add("x-smelt-content-length", length)
  end
  as_get(request, headers)
end

-- The transcoder's own words, about a body or a query that it could not read. They quote what was sent, which
-- may be a secret, and name types that mean nothing to people; what is left names the field, or the fault.
local function in_plain_words(message)
  if string.find(message, "^The binding value") then
    return "The body must not contain a field that the address names"
  end
  local field = string.match(message, "^(.-): invalid value")
  if field then
    message = field == "" and "A field has a value of the wrong type" or field .. ": invalid value"
  end
  local unknown = string.match(message, '^Could not find field \\"([%w_.]+)\\" in the type ')
  if unknown then
    return "The address has an unknown parameter: " .. unknown
  end
  message = string.match(message, "^(Could not find field .*) in the type ") or message
  for _, line_end in ipairs({ "\\n", "\\r", "\\u000" }) do
    message = string.sub(message, 1, (string.find(message, line_end, 1, true) or 0) - 1)
  end
  return #message <= 200 and message or "The request is malformed and cannot be read"
end

-- In refusals of our own, the message is the last field; in those of services it is not.
local function without_quotation(text)
  local before, message, after = string.match(text, '^(.*"message":")(.*)("}%s*)$')
  return before and before .. in_plain_words(message) .. after or text
end

-- Inside a text of JSON, quotes are escaped, so no message can contain this.
local shaped = '{"@type": ?"type%.googleapis%.com/google%.rpc%.ErrorInfo"'

-- An error without an ErrorInfo was made by gRPC itself. Its words are not for people, and its code says less
-- than ours: a message that is too large is "resource exhausted" both when it comes in and when it goes out.
local function in_our_shape(text, status)
  local refusal = unshaped[status] or internal
  if string.find(text, "larger than max", 1, true) then
    refusal = string.find(text, "Received", 1, true) and unshaped[413] or internal
  end
  return refusal
end

-- Errors have one shape. Only their bodies are read as a whole; they are short.
local function shape(response, status)
  local body = response:body(true)
  local text = body and body:getBytes(0, body:length()) or ""
  local headers = response:headers()
  if text == "" then
    -- The edge's own answer to HEAD. How long the one to GET would be is not known where words are changed.
    if status == 400 then
      headers:remove("content-length")
    end
    return
  end
  local sent = text
  if not string.find(text, shaped) then
    local refusal = in_our_shape(text, status)
    headers:replace(":status", refusal.status)
    headers:replace("content-type", "application/json")
    sent = refusal.body
  elseif status == 400 then
    sent = without_quotation(text)
  end
  if sent ~= text then
    headers:replace("content-length", body:setBytes(sent))
  end
  return body
end

-- Envoy refuses requests with a gRPC content type in gRPC's own form, with status 200. The only such refusal
-- that can occur here is 415.
local function as_json(response)
  local headers = response:headers()
  local body = response:body(true)
  headers:replace(":status", "415")
  headers:replace("content-type", "application/json")
  headers:replace("content-length", body:setBytes(unshaped[415].body))
  return body
end

local function is_head(response)
  local known = response:streamInfo():dynamicMetadata():get("smelt")
  return known ~= nil and known["head"] == true
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
  status = tonumber(headers:get(":status"))
  local length = headers:get("x-content-length")
  if length then
    -- The announced length applies to the content, not to an error sent in its place.
    if status == 200 or status == 206 then
      headers:replace("content-length", length)
    end
    headers:remove("x-content-length")
  end
  headers:remove("grpc-status")
  headers:remove("grpc-message")
  local content_type = headers:get("content-type")
  local whole = nil
  if content_type and string.find(content_type, "^application/grpc") then
    whole = as_json(response)
  elseif status >= 400 then
    whole = shape(response, status)
  end
  if not is_head(response) then
    return
  end
  -- The headers stay as they are, with the length of what GET would send.
  if whole then
    local announced = whole:length()
    whole:setBytes("")
    -- The headers from before the content had arrived may not be used any longer.
    response:headers():replace("content-length", announced)
  else
    for piece in response:bodyChunks() do
      piece:setBytes("")
    end
  end
end
