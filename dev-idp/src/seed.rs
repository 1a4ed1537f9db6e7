//! What is there at the start: two pools, an Entra tenant, and people.

mod people;

use std::sync::Arc;

use serde_json::{Value, json};

use crate::entra::{App, Directory, Entra};
use crate::model::{
    COGNITO, Client, Endpoints, Flow, Pool, PoolKeys, Provider, User, UserinfoMethod,
    is_registrable,
};
use crate::server::StartError;
use crate::world::{Origins, World};

const POOL: &str = "eu-central-1_ExAmP1e99";
const CLIENT: &str = "4exampleclient0000000000aa";
const SECRET: &str = "1demosecret5k2v9q7w3x8y4z6n0m1p5r2t7u3s9j4h6g8f0d2b5c";
/// In the same pool: another application's tokens.
const OTHER_CLIENT: &str = "7otherclient000000000000bb";
const OTHER_SECRET: &str = "1othersecret8d3f6g1h4j7k2l5z9x0c3v6b8n1m4q7w2e5r8t0y3";
/// A client that is a program: it gets tokens for itself (cognito.md 1.7).
const MACHINE_CLIENT: &str = "8machineclient00000000000ee";
const MACHINE_SECRET: &str = "1machinesecret6c9v2b5n8m1q4w7e0r3t6y9u2i5o8p1a4s7d0f3g";
/// What it may ask for: scopes of the resource server `orders`.
const MACHINE_SCOPES: [&str; 2] = ["orders/read", "orders/write"];
/// Another pool's tokens, and an upstream of the first (cognito.md 3.9).
const UPSTREAM_POOL: &str = "eu-central-1_UpStrm002";
const UPSTREAM_CLIENT: &str = "2upstreamclient000000000cc";
const UPSTREAM_SECRET: &str = "1upstreamsecret4h7k1p9s2v5y8b3e6g0j4m7q1t5w8z2c6f9i3l";

/// The upstream pool's name as a provider of the first.
const CHAINED: &str = "Pool2";

const ENTRA_CLIENT: &str = "6c1f2b7e-4a3d-4f58-8b90-1e2d3c4b5a69";
/// Of the odd characters that real ones have.
const ENTRA_SECRET: &str = "demo8Q~entra.Client_Secret-0123456789";

/// The applications that the demo's client serves by default.
const APPS: [&str; 2] = ["http://localhost:8080", "http://127.0.0.1:8080"];

pub(crate) fn world(
    origins: Origins,
    callbacks: &[String],
    signouts: &[String],
) -> Result<World, StartError> {
    if let Some(url) = callbacks
        .iter()
        .chain(signouts)
        .find(|url| !is_registrable(url))
    {
        return Err(StartError::Url(url.clone()));
    }
    let with = |path: &str, more: &[String]| -> Vec<String> {
        let own = APPS.iter().map(|app| format!("{app}/_vestibule/{path}"));
        own.chain(more.iter().cloned()).collect()
    };
    let callbacks = with("callback", callbacks);
    let signouts = with("signed-out", signouts);

    let idp_response = format!("{}/oauth2/idpresponse", origins.domain);
    let directory = Directory {
        people: people::entra(),
        apps: vec![App {
            client_id: ENTRA_CLIENT.to_owned(),
            secrets: vec![ENTRA_SECRET.to_owned()],
            redirect_uris: std::iter::once(idp_response.clone())
                .chain(signouts.iter().cloned())
                .collect(),
        }],
    };
    let entra = Entra::new(&origins.entra, directory);

    let mut pool = Pool::new(POOL);
    pool.providers = vec![entra_provider(&entra), chained_provider(&origins)];
    let all = [COGNITO, "entra", CHAINED].map(str::to_owned);
    add_client(&mut pool, CLIENT, SECRET, &callbacks, &signouts, &all);
    add_client(
        &mut pool,
        OTHER_CLIENT,
        OTHER_SECRET,
        &callbacks,
        &signouts,
        &all,
    );
    add_machine(&mut pool);
    add_users(&mut pool, people::local());

    let mut upstream = Pool::new(UPSTREAM_POOL);
    let local = vec![COGNITO.to_owned()];
    let callbacks: Vec<String> = callbacks.into_iter().chain([idp_response]).collect();
    add_client(
        &mut upstream,
        UPSTREAM_CLIENT,
        UPSTREAM_SECRET,
        &callbacks,
        &signouts,
        &local,
    );
    add_users(&mut upstream, people::upstream());

    let mut world = World::new(origins, entra);
    for pool in [pool, upstream] {
        world.pools.insert(pool.id.clone(), pool);
    }
    Ok(world)
}

/// The keys that every run needs.
pub(crate) fn demo_keys(world: &World) -> Option<PoolKeys> {
    world.pools.get(POOL).map(|pool| pool.keys.clone())
}

/// The line that the program prints when it is ready.
pub(crate) fn greeting(world: &World) -> Value {
    let origins = &world.origins;
    let issuer = |id: &str| world.pools.get(id).map(|pool| pool.issuer(&origins.issuer));
    let local = world.pools.get(POOL).into_iter().flat_map(|pool| {
        pool.local_users().into_iter().map(|user| {
            json!({
                "username": user.attribute("email"),
                "password": user.password,
                "kind": "local",
                "name": user.attribute("name"),
                "groups": user.groups,
            })
        })
    });
    let chained = world.pools.get(UPSTREAM_POOL).into_iter().flat_map(|pool| {
        pool.local_users().into_iter().map(|user| {
            json!({
                "username": user.attribute("email"),
                "password": user.password,
                "kind": "pool2",
                "name": user.attribute("name"),
                "groups": user.groups,
            })
        })
    });
    let federated = world.entra.directory.people.iter().map(|person| {
        json!({
            "username": person.upn,
            "password": null,
            "kind": "entra",
            "name": person.name,
            "groups": person.groups.len(),
            "button": format!("user-{}", person.slug),
        })
    });
    json!({
        "issuer": issuer(POOL),
        "issuer_host": origins.issuer,
        "domain": origins.domain,
        "entra": origins.entra,
        "entra_issuer": world.entra.issuer(),
        "entra_client_id": ENTRA_CLIENT,
        "entra_client_secret": ENTRA_SECRET,
        "admin": origins.admin,
        "pool": POOL,
        "client_id": CLIENT,
        "client_secret": SECRET,
        "other_client_id": OTHER_CLIENT,
        "other_client_secret": OTHER_SECRET,
        "machine_client_id": MACHINE_CLIENT,
        "machine_client_secret": MACHINE_SECRET,
        "upstream_pool": UPSTREAM_POOL,
        "upstream_issuer": issuer(UPSTREAM_POOL),
        "upstream_client_id": UPSTREAM_CLIENT,
        "upstream_client_secret": UPSTREAM_SECRET,
        "users": local.chain(federated).chain(chained).collect::<Vec<_>>(),
    })
}

/// The mapping of cognito.md 2.3 (b); `groups` and `roles` become one string each.
fn entra_provider(entra: &Entra) -> Provider {
    let mapping = [
        ("email", "email"),
        ("given_name", "given_name"),
        ("family_name", "family_name"),
        ("name", "name"),
        ("custom:entra_groups", "groups"),
        ("custom:entra_roles", "roles"),
        ("custom:entra_oid", "oid"),
    ];
    Provider {
        name: "entra".to_owned(),
        identifiers: vec!["example.com".to_owned()],
        issuer: entra.issuer(),
        endpoints: Endpoints {
            authorization: entra.endpoint("authorize"),
            token: entra.endpoint("token"),
            userinfo: entra.userinfo_uri(),
            jwks: entra.jwks_uri(),
        },
        client_id: ENTRA_CLIENT.to_owned(),
        client_secret: ENTRA_SECRET.to_owned(),
        scopes: "openid profile email".to_owned(),
        userinfo_method: UserinfoMethod::Post,
        mapping: mapping
            .map(|(attribute, claim)| (attribute.to_owned(), claim.to_owned()))
            .into(),
    }
}

/// The second pool behind the first (cognito.md 3.9): attributes are asked for
/// by GET, and groups travel in an attribute or not at all.
fn chained_provider(origins: &Origins) -> Provider {
    let mapping = [
        ("email", "email"),
        ("email_verified", "email_verified"),
        ("given_name", "given_name"),
        ("family_name", "family_name"),
        ("name", "name"),
        ("custom:pool2_groups", "cognito:groups"),
    ];
    let issuer = format!("{}/{UPSTREAM_POOL}", origins.issuer);
    let at = |path: &str| format!("{}/oauth2/{path}", origins.domain);
    Provider {
        name: CHAINED.to_owned(),
        identifiers: vec!["example.net".to_owned()],
        endpoints: Endpoints {
            authorization: at("authorize"),
            token: at("token"),
            userinfo: at("userInfo"),
            jwks: format!("{issuer}/.well-known/jwks.json"),
        },
        issuer,
        client_id: UPSTREAM_CLIENT.to_owned(),
        client_secret: UPSTREAM_SECRET.to_owned(),
        scopes: "openid profile email".to_owned(),
        userinfo_method: UserinfoMethod::Get,
        mapping: mapping
            .map(|(attribute, claim)| (attribute.to_owned(), claim.to_owned()))
            .into(),
    }
}

fn add_client(
    pool: &mut Pool,
    id: &str,
    secret: &str,
    callbacks: &[String],
    signouts: &[String],
    providers: &[String],
) {
    let client = Client {
        secret: vec![secret.to_owned()],
        callbacks: callbacks.to_vec(),
        signouts: signouts.to_vec(),
        providers: providers.to_vec(),
        ..Client::new(&pool.id, id)
    };
    pool.clients.insert(id.to_owned(), Arc::new(client));
}

fn add_machine(pool: &mut Pool) {
    let client = Client {
        secret: vec![MACHINE_SECRET.to_owned()],
        scopes: MACHINE_SCOPES.map(str::to_owned).to_vec(),
        flows: [Flow::ClientCredentials].into(),
        providers: Vec::new(),
        ..Client::new(&pool.id, MACHINE_CLIENT)
    };
    pool.clients
        .insert(MACHINE_CLIENT.to_owned(), Arc::new(client));
}

fn add_users(pool: &mut Pool, users: Vec<User>) {
    for user in users {
        pool.users.insert(user.username.clone(), user);
    }
}
