//! try
use takt::replay::{Request, replay};
fn main() {
    let vehicles = std::env::args().nth(1).and_then(|a| a.parse().ok());
    let data = std::env::args().nth(2).unwrap_or("/tmp/takt/data".into());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let r = runtime.block_on(async {
        let request = Request { source: "su7".into(), data: Some(data.into()), vehicles, fresh: std::env::args().nth(3).is_some(), ..Default::default() };
        let t = std::time::Instant::now();
        match replay(&request).await {
            Ok(played) => { println!("played in {:?}: {:?}", t.elapsed(), played.state); played.stop().map_err(|e| println!("stop: {e:?}")).ok(); }
            Err(e) => println!("failed after {:?}: {e:?}", t.elapsed()),
        }
    });
    r
}
