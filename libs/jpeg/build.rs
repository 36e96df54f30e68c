//! Compiles the shim against the headers of the libjpeg-turbo that is installed, and links that.

fn main() {
    println!("cargo:rerun-if-changed=shim/jpeg.c");
    let library = match pkg_config::Config::new().atleast_version("2.0").probe("libjpeg") {
        Ok(library) => library,
        Err(error) => panic!(
            "libjpeg-turbo is missing: run `cargo xtask setup`, or install libjpeg62-turbo-dev (Debian) or jpeg-turbo \
             (Homebrew)\n{error}"
        ),
    };
    cc::Build::new()
        .file("shim/jpeg.c")
        .includes(library.include_paths)
        .opt_level(2)
        .warnings(true)
        .compile("cavendish_jpeg");
}
