-- What to say of a field that a message does not have: the known one that was probably meant, or all of them.
local MAX_COMPARED = 40
local MAX_NEAREST = 3
local MAX_LISTED = 300

local function folded(name)
  return (string.gsub(string.lower(name), "[_%-%s]", ""))
end

-- How many letters must be added, dropped, replaced or swapped with the next one; `most` + 1 if more.
local function distance(one, other, most)
  if math.abs(#one - #other) > most then
    return most + 1
  end
  local before, last = nil, {}
  for column = 0, #other do
    last[column] = column
  end
  for row = 1, #one do
    local line = { [0] = row }
    local letter = string.byte(one, row)
    for column = 1, #other do
      local same = letter == string.byte(other, column)
      local least = math.min(last[column] + 1, line[column - 1] + 1, last[column - 1] + (same and 0 or 1))
      if before and column > 1 and letter == string.byte(other, column - 1) then
        if string.byte(one, row - 1) == string.byte(other, column) then
          least = math.min(least, before[column - 2] + 1)
        end
      end
      line[column] = least
    end
    before, last = last, line
  end
  return last[#other]
end

local function names_of(known)
  local names = {}
  for name, field in pairs(known) do
    if name == field.name then
      names[#names + 1] = name
    end
  end
  table.sort(names)
  return names
end

local function nearest(key, names)
  local wanted = folded(key)
  local found, least = nil, math.floor(#wanted / 3) + 1
  for _, name in ipairs(names) do
    local have = folded(name)
    local begins = #wanted >= 3 and
      (string.find(have, wanted, 1, true) == 1 or string.find(wanted, have, 1, true) == 1)
    local far = begins and 1 or distance(wanted, have, least)
    if far < least then
      found, least = name, far
    end
  end
  return found
end

-- `before` says how many were refused already: only the first few are compared, because comparing costs.
local function unknown_field(key, known, before)
  local names = names_of(known)
  local near = before < MAX_NEAREST and #key <= MAX_COMPARED and nearest(key, names)
  if near then
    return "is not a known field; did you mean " .. near .. "?"
  end
  local listed = table.concat(names, ", ")
  if listed == "" then
    return "is not a known field; there are none here"
  elseif #listed > MAX_LISTED then
    listed = string.match(string.sub(listed, 1, MAX_LISTED), "^(.*),") .. " and others"
  end
  return "is not a known field; known are " .. listed
end
