//! Many requests at the moment in which a token ends, at several instances.

use super::*;

const INSTANCES: usize = 3;

const AT_ONCE: usize = 50;

const ROUNDS: usize = 20;

#[test]
fn a_burst_at_the_moment_of_expiry_with_a_grace_of_60_seconds_loses_nobody() {
    burst(json!({ "on": true, "grace_seconds": 60 }));
}

#[test]
fn a_burst_at_the_moment_of_expiry_with_a_grace_of_10_seconds_loses_nobody() {
    burst(json!({ "on": true, "grace_seconds": 10 }));
}

#[test]
fn a_burst_at_the_moment_of_expiry_without_rotation_loses_nobody() {
    burst(json!({ "on": false }));
}

#[test]
fn a_burst_at_the_moment_of_expiry_without_any_grace_costs_one_login_at_most() {
    burst(json!({ "on": true, "grace_seconds": 0 }));
}

/// Fifty requests at each of three instances with the cookie of one session whose token is about to
/// end or has just ended; twenty sessions.
fn burst(rotation: Value) {
    let no_grace = rotation["grace_seconds"] == 0;
    let chain = Harness::start();
    let replicas = chain.replicas(INSTANCES - 1);
    let addresses: Vec<SocketAddr> = std::iter::once(chain.address)
        .chain(replicas.iter().map(|replica| replica.address))
        .collect();
    // Long enough for the first bursts to come before the end, and the last ones after it.
    let sessions = sessions(&chain, 4, ROUNDS);
    client(&chain, json!({ "rotation": rotation }));
    let mut seen = BTreeMap::new();
    for (round, session) in sessions.iter().enumerate() {
        let before = refreshes(&chain);
        let answers = all_at_once(&chain, &addresses, &session.app_cookies());
        assert_eq!(refreshes(&chain) - before, 3, "one call for each instance");
        let mut shown = false;
        for (index, address) in addresses.iter().enumerate() {
            let of_instance: Vec<&Response> = answers
                .iter()
                .filter(|(at, _)| at == address)
                .map(|(_, answer)| answer)
                .collect();
            assert_eq!(of_instance.len(), AT_ONCE, "no request is lost");
            let good = of_instance
                .iter()
                .filter(|answer| answer.status == 200)
                .count();
            *seen.entry(good == AT_ONCE).or_insert(0) += 1;
            if !no_grace {
                let statuses: Vec<u16> = of_instance.iter().map(|answer| answer.status).collect();
                assert_eq!(
                    good, AT_ONCE,
                    "round {round}, instance {index}: {statuses:?}"
                );
            }
            for answer in &of_instance {
                let told = matches!(answer.status, 200 | 302 | 401);
                assert!(told, "round {round}, instance {index}: {answer:?}");
            }
            let mut person = session.at(*address);
            if good == AT_ONCE {
                let newest = of_instance
                    .iter()
                    .rev()
                    .find(|a| !a.all("set-cookie").is_empty());
                if let Some(newest) = newest {
                    assert_eq!(newest.header("cache-control"), Some("private, no-cache"));
                    // It is good everywhere, and asks for nothing.
                    person.take_in(newest);
                    let before = refreshes(&chain);
                    for other in &addresses {
                        assert_eq!(person.at(*other).get("/next").status, 200);
                    }
                    assert_eq!(refreshes(&chain), before);
                    shown = true;
                } else {
                    assert!(no_grace, "round {round}, instance {index}: no new cookie");
                }
            } else {
                // A new login, without a password since the provider knows the browser, and that is all;
                // none where the newer cookie of another instance has come by, whose session serves this one.
                let logins = calls(&chain, "authorization_code");
                let page = person.arrive("/next");
                assert_eq!(page.status, 200, "{:?}", person.trail);
                assert_eq!(person.get("/after").status, 200);
                let logins = calls(&chain, "authorization_code") - logins;
                assert_eq!(logins, u64::from(!shown), "round {round}, instance {index}");
            }
        }
    }
    println!("whole instances: {seen:?}");
    if no_grace {
        let whole = seen.get(&true).copied().unwrap_or(0);
        assert!(
            whole >= ROUNDS,
            "somebody has the new token in each round: {seen:?}"
        );
    }
}

/// Sends all requests together, half of them a person's and half of them a script's.
fn all_at_once(
    chain: &Harness,
    addresses: &[SocketAddr],
    cookies: &str,
) -> Vec<(SocketAddr, Response)> {
    let start = Barrier::new(addresses.len() * AT_ONCE);
    thread::scope(|scope| {
        let requests: Vec<_> = (0..AT_ONCE)
            .flat_map(|number| addresses.iter().map(move |address| (number, *address)))
            .map(|(number, address)| {
                let start = &start;
                let kind = match number % 2 {
                    0 => "Accept: text/html\r\n",
                    _ => "Accept: */*\r\n",
                };
                let request = format!(
                    "GET /page/{number} HTTP/1.1\r\nHost: {}\r\n{kind}Cookie: {cookies}\r\n\r\n",
                    chain.host()
                );
                scope.spawn(move || {
                    start.wait();
                    (address, try_request(address, request.as_bytes()))
                })
            })
            .collect();
        requests
            .into_iter()
            .filter_map(|request| {
                let (address, answer) = request.join().expect("a client");
                Some((address, answer.ok()?))
            })
            .collect()
    })
}
