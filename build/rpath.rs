//! Build script of the crates whose binaries or tests load libtorch: writes the folder of the libraries
//! into them as rpath, so that they run without `LD_LIBRARY_PATH`.

use std::{env, path::PathBuf};

pub(crate) fn main() {
    println!("cargo:rerun-if-env-changed=LIBTORCH");
    let target = env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    let Some(root) = env::var_os("LIBTORCH").map(PathBuf::from) else { return };
    if target != "linux" && target != "macos" {
        return;
    }
    let lib = root.join("lib");
    let lib = lib.canonicalize().unwrap_or(lib);
    println!("cargo:rustc-link-arg=-Wl,-rpath,{}", lib.display());
}
