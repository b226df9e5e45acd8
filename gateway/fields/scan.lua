-- Reads a JSON body once and compares it with the fields that its route knows. It makes no tree: a body costs
-- its length, and a little for each value and each quote, so both are bounded: the worst body takes a few
-- milliseconds. The longest prompt, all of quotes, fits.
local MAX_VALUES = 4000
local MAX_QUOTES = 60000
local MAX_DEPTH = 64
local MAX_VIOLATIONS = 10
local find, byte, sub, match, gsub = string.find, string.byte, string.sub, string.match, string.gsub
local scan_value

local function stop(reason)
  error({ reason = reason }, 0)
end

local function malformed(at)
  stop("The body is not valid JSON (at byte " .. at .. ")")
end

local function count(scan, what, most)
  scan[what] = scan[what] + 1
  if scan[what] > most then
    stop("The body has more values or quotes than any request needs")
  end
end

-- The position of the next byte that is not white space.
local function skip(text, at)
  local found = byte(text, at)
  while found == 32 or found == 10 or found == 13 or found == 9 do
    at = at + 1
    found = byte(text, at)
  end
  return at
end

-- The position of the quote that ends the string which began before `at`.
local function end_of_string(scan, at)
  local text, from = scan.text, at
  while true do
    local quote = find(text, '"', from, true)
    if not quote then
      malformed(at)
    end
    count(scan, "quotes", MAX_QUOTES)
    local escapes = quote
    while byte(text, escapes - 1) == 92 do
      escapes = escapes - 1
    end
    if (quote - escapes) % 2 == 0 then
      return quote
    end
    from = quote + 1
  end
end

local function violate(scan, path, description)
  local violations = scan.violations
  violations[#violations + 1] = { field = path, description = description }
  if #violations == MAX_VIOLATIONS then
    stop(nil)
  end
end

local called = {
  text = "text in quotes",
  money = "an amount, as a number or as text in quotes",
  number = "a number",
  bool = "true or false",
  enum = "one of its values",
  message = "an object",
  object = "an object",
  map = "an object",
  list = "a list",
}

local function check_kind(scan, spec, path, fits)
  if spec and not fits then
    violate(scan, path, "must be " .. called[spec.kind])
  end
end

local function check_text(scan, spec, path, text)
  local kind = spec.kind
  if kind == "enum" then
    if not spec.names[text] and not find(text, "^%-?%d+$") then
      violate(scan, path, "must be one of " .. spec.listed)
    end
  elseif kind == "number" then
    local known = text == "NaN" or find(text, "^%-?Infinity$") or find(text, "^%-?[%d.][%d.eE+-]*$")
    check_kind(scan, spec, path, known)
  elseif kind == "bool" then
    check_kind(scan, spec, path, text == "true" or text == "false")
  else
    check_kind(scan, spec, path, kind == "text" or kind == "money" or kind == "any")
  end
end

-- A number as services take amounts: no exponent, and no more decimals than they keep.
local function amount(word)
  if find(word, "[eE]") or find(word, "%.%d%d%d%d%d%d%d%d%d%d") then
    word = gsub(gsub(string.format("%.9f", tonumber(word)), "0+$", ""), "%.$", "")
  end
  return '"' .. word .. '"'
end

local function is_number(word)
  local rest = match(word, "^%-?0(.*)$") or match(word, "^%-?[1-9]%d*(.*)$")
  rest = rest and gsub(gsub(rest, "^%.%d+", ""), "^[eE][+-]?%d+", "")
  return rest == ""
end

local function scan_word(scan, at, spec, path)
  local _, last = find(scan.text, "^[%w.+-]+", at)
  if not last or last - at > 400 then
    malformed(at)
  end
  local word, kind = sub(scan.text, at, last), spec and spec.kind
  if word == "true" or word == "false" then
    check_kind(scan, spec, path, kind == "bool" or kind == "any")
  elseif is_number(word) then
    check_kind(scan, spec, path, kind == "number" or kind == "money" or kind == "enum" or kind == "any")
    if kind == "money" then
      scan.edits[#scan.edits + 1] = { first = at, last = last, text = amount(word) }
    end
  elseif word ~= "null" then
    malformed(at)
  end
  return last + 1
end

-- After a part of an object or a list: the position of the next one, or none and the position after the end.
local function next_part(scan, at, closing)
  at = skip(scan.text, at)
  local found = byte(scan.text, at)
  if found == closing then
    return nil, at + 1
  elseif found ~= 44 then
    malformed(at)
  end
  return skip(scan.text, at + 1)
end

local function scan_list(scan, at, spec, path, depth)
  local kind, item, number = spec and spec.kind, nil, 0
  check_kind(scan, spec, path, kind == "list" or kind == "any")
  if kind == "list" then
    item = spec.item
  end
  at = skip(scan.text, at + 1)
  if byte(scan.text, at) == 93 then
    return at + 1
  end
  local after
  while at do
    at = scan_value(scan, at, item, item and path .. "[" .. number .. "]" or path, depth)
    at, after = next_part(scan, at, 93)
    number = number + 1
  end
  return after
end

-- A key as the sender wrote it, if it can be shown.
local function shown(key)
  local plain = gsub(key, "[\195-\223][\128-\191]", "")
  return #key <= 60 and find(plain, "^[%w _.$@-]+$") and key or "?"
end

local function field_of(scan, spec, key, path)
  local kind = spec and spec.kind
  if kind == "map" then
    return spec.item, path .. "." .. shown(key)
  elseif kind ~= "message" then
    return nil, path
  end
  if find(key, "\\u00", 1, true) then
    key = gsub(key, "\\u00([2-7]%x)", function(code)
      return string.char(tonumber(code, 16))
    end)
  end
  local known = messages[spec.type]
  local field = known[key]
  local inner = (path == "" and "" or path .. ".") .. (field and field.name or shown(key))
  if not field then
    violate(scan, inner, unknown_field(key, known, #scan.violations))
  end
  return field, inner
end

local function scan_object(scan, at, spec, path, depth)
  local kind, text, after = spec and spec.kind, scan.text, nil
  check_kind(scan, spec, path, kind == "message" or kind == "map" or kind == "object" or kind == "any")
  at = skip(text, at + 1)
  if byte(text, at) == 125 then
    return at + 1
  end
  while at do
    if byte(text, at) ~= 34 then
      malformed(at)
    end
    local last = end_of_string(scan, at + 1)
    local field, inner = field_of(scan, spec, sub(text, at + 1, last - 1), path)
    at = skip(text, last + 1)
    if byte(text, at) ~= 58 then
      malformed(at)
    end
    at, after = next_part(scan, scan_value(scan, skip(text, at + 1), field, inner, depth), 125)
  end
  return after
end

scan_value = function(scan, at, spec, path, depth)
  count(scan, "values", MAX_VALUES)
  if depth > MAX_DEPTH then
    stop("The body is nested too deeply")
  end
  local first = byte(scan.text, at)
  if first == 34 then
    local last = end_of_string(scan, at + 1)
    if spec and spec.kind ~= "text" then
      check_text(scan, spec, path, sub(scan.text, at + 1, last - 1))
    end
    return last + 1
  elseif first == 123 then
    return scan_object(scan, at, spec, path, depth + 1)
  elseif first == 91 then
    return scan_list(scan, at, spec, path, depth + 1)
  end
  return scan_word(scan, at, spec, path)
end

-- The body with its amounts as text, and what is wrong with it: a list of violations, or a sentence.
local function read_body(text, root, path)
  local scan = { text = text, values = 0, quotes = 0, violations = {}, edits = {} }
  local at = skip(text, 1)
  if byte(text, at) ~= 123 then
    return text, {}, "The body must be a JSON object"
  end
  local read, after = pcall(scan_value, scan, at, { kind = "message", type = root }, path, 0)
  if not read and #scan.violations == MAX_VIOLATIONS then
    return text, scan.violations, nil
  elseif not read then
    return text, {}, type(after) == "table" and after.reason or "The request is malformed and cannot be read"
  end
  after = skip(text, after)
  if after <= #text then
    return text, {}, "The body is not valid JSON (at byte " .. after .. ")"
  end
  local parts, from = {}, 1
  for _, edit in ipairs(scan.edits) do
    parts[#parts + 1] = sub(text, from, edit.first - 1)
    parts[#parts + 1] = edit.text
    from = edit.last + 1
  end
  parts[#parts + 1] = sub(text, from)
  return table.concat(parts), scan.violations, nil
end
