//! Tasks.
mod sdk;
fn main() -> anyhow::Result<()> {
    sdk::build(std::path::Path::new("."))
}
