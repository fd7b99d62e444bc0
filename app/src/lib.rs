//! What the browser and the server of Support Console share.
