//! Compiles the shim against the headers of the libheif that is installed, and links that. libheif is LGPL: it is linked
//! dynamically, as the distribution ships it.

fn main() {
    println!("cargo:rerun-if-changed=shim/heif.c");
    let library = match pkg_config::Config::new().atleast_version("1.15").probe("libheif") {
        Ok(library) => library,
        Err(error) => panic!(
            "libheif is missing: run `cargo xtask setup`, or install libheif-dev (Debian) or libheif (Homebrew)\n{error}"
        ),
    };
    cc::Build::new()
        .file("shim/heif.c")
        .includes(library.include_paths)
        .opt_level(2)
        .warnings(true)
        .compile("cavendish_heif");
}
