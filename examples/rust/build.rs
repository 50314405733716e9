// libsignet.so is where pkg-config says.
fn main() {
    if let Err(error) = pkg_config::probe_library("signet") {
        eprintln!("{error}");
        std::process::exit(1);
    }
}
