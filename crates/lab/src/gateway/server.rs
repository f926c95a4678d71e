//! Accepts connections until it is told to stop, and leaves nothing running behind.

use std::sync::Arc;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::exchange::{self, Shared};

/// Serves until `stopped` resolves, which it also does when its sender is dropped.
pub(crate) async fn serve(listener: TcpListener, shared: Arc<Shared>, mut stopped: oneshot::Receiver<()>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stopped => break,
            // A connection that fails before it is accepted concerns its client alone.
            accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                connections.spawn(connection(stream, Arc::clone(&shared)));
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
    connections.shutdown().await;
}

/// Serves one connection to its end. A client that goes away drops the call that it waited for.
async fn connection(stream: TcpStream, shared: Arc<Shared>) {
    // Small answers must not wait for more to come.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| exchange::serve(Arc::clone(&shared), request));
    // An error here is a connection that was cut, by the client or by the weather: the log has the call already.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}
