//! The name that users use, as DNS failover answers it: each request goes to the site that the name leads to now.
//!
//! Who it leads to is a data plane's matter and needs no primary Region: MiniStack is read past the gateway, whose log stays free of
//! it. As on AWS, a change is seen by users only after a while (`propagation`): until Route 53's checkers have it, and resolvers have
//! forgotten what they knew. A name that leads to a site that is gone gives no answer.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use http::uri::{Authority, Scheme};
use http::{Request, Response, Uri};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;

mod follows;

pub(crate) use follows::Follows;

const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// Serves until it is dropped.
#[derive(Debug)]
pub(crate) struct Public {
    address: SocketAddr,
    server: JoinHandle<()>,
    follower: JoinHandle<()>,
}

/// The addresses that the name may lead to.
#[derive(Clone, Debug)]
pub(crate) struct Targets {
    pub(crate) primary: Authority,
    pub(crate) recovery: Authority,
}

/// Where the name leads to, and since when it should lead elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Answer {
    /// Whether it leads to the recovery Region.
    recovery: bool,
    /// When the other answer was first seen to be right.
    changing: Option<Instant>,
}

impl Answer {
    /// What is answered `now`, once it was seen that the name should lead to the recovery Region or not.
    fn seen(self, recovery: bool, now: Instant, propagation: Duration) -> Self {
        if recovery == self.recovery {
            return Self { changing: None, ..self };
        }
        let since = self.changing.unwrap_or(now);
        if now.duration_since(since) >= propagation {
            Self { recovery, changing: None }
        } else {
            Self {
                changing: Some(since),
                ..self
            }
        }
    }
}

/// The site that the name leads to gave no answer.
#[derive(Debug, thiserror::Error)]
#[error("no answer")]
struct NoAnswer;

struct Way {
    targets: Targets,
    to_recovery: watch::Receiver<bool>,
    client: Client<HttpConnector, Incoming>,
}

impl Public {
    /// Serves the name on a free loopback port, as `follows` has it, each change `propagation` later.
    ///
    /// # Errors
    /// When no port can be had.
    pub(crate) async fn serve(targets: Targets, follows: Follows, propagation: Duration) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("bind the name's port")?;
        let address = listener.local_addr().context("read the name's port")?;
        let (leads, to_recovery) = watch::channel(false);
        // Each request looks the name up anew.
        let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build_http();
        let way = Way {
            targets,
            to_recovery,
            client,
        };
        Ok(Self {
            address,
            server: tokio::spawn(accept(listener, Arc::new(way))),
            follower: tokio::spawn(follow(follows, propagation, leads)),
        })
    }

    /// The name, as an address.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Public {
    fn drop(&mut self) {
        self.server.abort();
        self.follower.abort();
    }
}

async fn follow(follows: Follows, propagation: Duration, leads: watch::Sender<bool>) {
    let mut answer = Answer {
        recovery: false,
        changing: None,
    };
    loop {
        // What can't be seen leaves the name as it is.
        if let Ok(Some(recovery)) = follows.lead_to_recovery().await {
            answer = answer.seen(recovery, Instant::now(), propagation);
            leads.send_if_modified(|leads| std::mem::replace(leads, answer.recovery) != answer.recovery);
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

async fn accept(listener: TcpListener, way: Arc<Way>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                let way = Arc::clone(&way);
                let service = service_fn(move |request| {
                    let way = Arc::clone(&way);
                    async move { way.pass(request).await }
                });
                // What is kept alive would outlive a change of the name.
                connections.spawn(http1::Builder::new().keep_alive(false).serve_connection(TokioIo::new(stream), service));
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
}

impl Way {
    async fn pass(&self, mut request: Request<Incoming>) -> Result<Response<Incoming>, NoAnswer> {
        let to_recovery = *self.to_recovery.borrow();
        let target = if to_recovery {
            &self.targets.recovery
        } else {
            &self.targets.primary
        };
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        *request.uri_mut() = Uri::builder()
            .scheme(Scheme::HTTP)
            .authority(target.clone())
            .path_and_query(path)
            .build()
            .map_err(|_| NoAnswer)?;
        self.client.request(request).await.map_err(|_| NoAnswer)
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt as _, Empty};
    use hyper::body::Bytes;

    use super::*;
    use crate::gateway::testing::{Fake, xml};
    use crate::gateway::{Routing, RoutingControls, Turned};

    #[test]
    fn a_change_is_answered_when_it_has_spread_and_a_flicker_never() {
        let (begun, takes) = (Instant::now(), Duration::from_secs(3));
        let after = |seconds| begun + Duration::from_secs(seconds);
        let mut answer = Answer {
            recovery: false,
            changing: None,
        };
        for (second, seen, answered) in [
            (0, false, false),
            (1, true, false),
            (3, false, false),
            (4, true, false),
            (6, true, false),
            (7, true, true),
            (8, false, true),
            (11, false, false),
        ] {
            answer = answer.seen(seen, after(second), takes);
            assert_eq!(answer.recovery, answered, "at {second}");
        }
        assert!(answer.seen(true, after(12), Duration::ZERO).recovery);
    }

    async fn get(url: &str) -> Option<String> {
        let client: Client<HttpConnector, Empty<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
        let answer = client.get(format!("{url}/where?x=1").parse().unwrap()).await.ok()?;
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        Some(String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn the_name_leads_to_whom_it_follows_and_a_site_that_is_gone_gives_no_answer() {
        let site = |name: &'static str| {
            Fake::start(move |received| {
                assert_eq!(received.head.uri.to_string(), "/where?x=1");
                xml(name)
            })
        };
        let (primary, recovery) = (site("primary").await, site("recovery").await);
        let authority = |fake: &Fake| fake.address.to_string().parse().unwrap();
        let controls = RoutingControls::default();
        let targets = Targets {
            primary: authority(&primary),
            recovery: authority(&recovery),
        };
        let public = Public::serve(targets, Follows::Controls(controls.clone()), Duration::ZERO)
            .await
            .unwrap();
        assert_eq!(get(&public.url()).await.as_deref(), Some("primary"));
        drop(primary);
        assert_eq!(get(&public.url()).await, None);
        controls.set(Routing {
            primary: Turned::Off,
            recovery: Turned::On,
            at_least_one: false,
        });
        tokio::time::timeout(Duration::from_secs(5), async {
            while get(&public.url()).await.as_deref() != Some("recovery") {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await
        .unwrap();
    }
}
