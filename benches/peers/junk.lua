-- Sends cookies that were never ours: each is a good one with other letters in it, another at each request.
local good, head = nil, nil
local letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

local function other(count)
  local text = {}
  for i = 1, count do
    local at = math.random(#letters)
    text[i] = letters:sub(at, at)
  end
  return table.concat(text)
end

function init(args)
  local line = io.lines(args[1])()
  head, good = line:match("^(.-=)(.*)$")
  math.randomseed(os.time())
end

-- Half of them keep what a good one begins with, so that its seal is tried.
function request()
  local kept = math.random(2) == 1 and 24 or 0
  local at = kept + math.random(#good - kept - 16)
  local value = good:sub(1, at) .. other(16) .. good:sub(at + 17)
  if kept == 0 then
    value = other(24) .. value:sub(25)
  end
  return wrk.format("GET", nil, { Cookie = head .. value, Accept = "application/json" })
end

function done(summary)
  local e = summary.errors
  io.write(string.format('{"requests":%d,"seconds":%f,"bad":%d,"errors":%d}\n', summary.requests,
    summary.duration / 1e6, e.status, e.connect + e.read + e.write + e.timeout))
end
