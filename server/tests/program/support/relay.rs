//! A TCP relay between a node and its database, which can be cut, and can be made to hang.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// What the relay does with the bytes that it gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Open,
    /// Connections stay, new ones are taken, and nothing passes: as with a database that is stopped,
    /// or a network that swallows everything.
    Hanging,
    /// Connections are reset, and so are new ones.
    Cut,
}

#[derive(Clone)]
pub(crate) struct Relay {
    pub(crate) address: SocketAddr,
    way: watch::Sender<Way>,
}

impl Relay {
    /// Relays to `to`.
    pub(crate) async fn start(to: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let relay = Self {
            address: listener.local_addr().unwrap(),
            way: watch::Sender::new(Way::Open),
        };
        let way = relay.way.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(connection(client, to, way.subscribe()));
            }
        });
        relay
    }

    pub(crate) fn set(&self, way: Way) {
        self.way.send_replace(way);
    }
}

async fn connection(client: TcpStream, to: SocketAddr, mut way: watch::Receiver<Way>) {
    let mut cut = way.clone();
    let passing = async {
        while *way.borrow_and_update() == Way::Hanging {
            let _ = way.changed().await;
        }
        let server = TcpStream::connect(to).await.unwrap();
        let (mut from_client, mut to_client) = client.into_split();
        let (mut from_server, mut to_server) = server.into_split();
        tokio::select! {
            () = pass(&mut from_client, &mut to_server, way.clone()) => {}
            () = pass(&mut from_server, &mut to_client, way.clone()) => {}
        }
    };
    tokio::select! {
        biased;
        _ = cut.wait_for(|way| *way == Way::Cut) => {}
        () = passing => {}
    }
}

async fn pass(
    from: &mut (impl AsyncReadExt + Unpin),
    to: &mut (impl AsyncWriteExt + Unpin),
    mut way: watch::Receiver<Way>,
) {
    let mut bytes = vec![0; 16 * 1024];
    loop {
        let Ok(length @ 1..) = from.read(&mut bytes).await else {
            return;
        };
        if way.wait_for(|way| *way != Way::Hanging).await.is_err()
            || to.write_all(&bytes[..length]).await.is_err()
        {
            return;
        }
    }
}
