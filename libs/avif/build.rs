//! Compiles the shim against the headers of the libavif that is installed, and links that.

fn main() {
    println!("cargo:rerun-if-changed=shim/avif.c");
    let library = match pkg_config::Config::new().atleast_version("0.11").probe("libavif") {
        Ok(library) => library,
        Err(error) => panic!(
            "libavif is missing: run `cargo xtask setup`, or install libavif-dev (Debian) or libavif (Homebrew)\n{error}"
        ),
    };
    cc::Build::new()
        .file("shim/avif.c")
        .includes(library.include_paths)
        .opt_level(2)
        .warnings(true)
        .compile("cavendish_avif");
}
