-- Sends the cookies of a file in turn.
local cookies, at = {}, 0

function init(args)
  for line in io.lines(args[1]) do
    cookies[#cookies + 1] = wrk.format("GET", nil, { Cookie = line })
  end
end

function request()
  at = at % #cookies + 1
  return cookies[at]
end

function done(summary)
  local e = summary.errors
  io.write(string.format('{"requests":%d,"seconds":%f,"bad":%d,"errors":%d}\n', summary.requests,
    summary.duration / 1e6, e.status, e.connect + e.read + e.write + e.timeout))
end
