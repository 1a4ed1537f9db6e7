-- Asks Vestibule about a request, as Traefik's ForwardAuth does: http-request lua.vestibule-auth ADDRESS:PORT
--
-- Only a 200 lets the request pass. Every other answer is the client's, and no answer is a 503.

-- What Vestibule looks at: the session or a bearer token, and what sort of client asks.
local ASKED_WITH = {
    "cookie", "authorization", "accept", "origin", "referer", "purpose", "x-moz", "access-control-request-method",
    "sec-fetch-mode", "sec-fetch-dest", "sec-fetch-site", "sec-purpose", "sec-websocket-version", "sec-websocket-key",
}
-- In place of whatever the client says under these names; those of Vestibule's headers.preset.
local TOLD = {
    "x-forwarded-user", "x-forwarded-email", "x-forwarded-name", "x-forwarded-groups", "x-access-right",
}
-- Headers of an answer that belong to its own connection.
local HOP_BY_HOP = { ["connection"] = true, ["keep-alive"] = true, ["transfer-encoding"] = true, ["content-length"] = true }

core.register_action("vestibule-auth", { "http-req" }, function(txn, address)
    -- One host, and all of it: a comma is no reason to ask about a part.
    if txn.f:req_fhdr_cnt("host") ~= 1 then
        txn:done(txn:reply({ status = 400 }))
        return
    end
    local sent, ask = txn.http:req_get_headers(), {}
    for _, name in ipairs(ASKED_WITH) do
        for _, value in pairs(sent[name] or {}) do
            ask[name] = ask[name] or {}
            table.insert(ask[name], value)
        end
    end
    ask["x-forwarded-method"] = { txn.sf:method() }
    ask["x-forwarded-proto"] = { txn.f:ssl_fc() == 1 and "https" or "http" }
    ask["x-forwarded-host"] = { txn.sf:req_fhdr("host") }
    ask["x-forwarded-uri"] = { txn.sf:pathq() }

    local answer = core.httpclient():get({
        url = "http://" .. address .. "/_vestibule/auth", headers = ask, timeout = 10000,
    })
    if answer and answer.status == 200 then
        for _, name in ipairs(TOLD) do
            txn.http:req_del_header(name)
            for _, value in pairs(answer.headers[name] or {}) do
                if value ~= "" then
                    txn.http:req_add_header(name, value)
                end
            end
        end
        return
    end

    local reply = txn:reply({ status = 503 })
    -- Without an answer the client gives 5xx itself, with no header of Vestibule's.
    if answer and answer.status >= 300 then
        reply:set_status(answer.status)
        for name, values in pairs(answer.headers or {}) do
            if not HOP_BY_HOP[name] then
                for _, value in pairs(values) do
                    reply:add_header(name, value)
                end
            end
        end
        reply:set_body(answer.body or "")
    end
    txn:done(reply)
end, 1)
