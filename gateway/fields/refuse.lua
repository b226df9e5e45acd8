-- Lets a body pass that its route knows, with amounts as text, and refuses every other one in the one shape.
local DETAILS = '{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"INVALID_REQUEST","domain":"smelt"}'
local BAD_REQUEST = '{"@type":"type.googleapis.com/google.rpc.BadRequest","field_violations":['

-- Nothing here needs escapes: names of fields are ours, and others are shown only if they are plain.
local function refusal(violations, said)
  local details, listed = DETAILS, {}
  for number, each in ipairs(violations) do
    listed[number] = '{"field":"' .. each.field .. '","description":"' .. each.description .. '"}'
  end
  if #listed > 0 then
    local first = violations[1]
    said = (first.field == "" and "The body" or first.field) .. " " .. first.description
    details = details .. "," .. BAD_REQUEST .. table.concat(listed, ",") .. "]}"
  end
  return '{"code":3,"message":"' .. said .. '","details":[' .. details .. "]}"
end

function envoy_on_request(request)
  local root = roots[request:filterContext():get("call")]
  local body = request:body()
  if not body or body:length() == 0 then
    return
  end
  local text = body:getBytes(0, body:length())
  local read, violations, said = read_body(text, root.type, root.path)
  if said or #violations > 0 then
    request:respond({ [":status"] = "400", ["content-type"] = "application/json" }, refusal(violations, said))
  elseif read ~= text then
    request:headers():replace("content-length", body:setBytes(read))
  end
end
