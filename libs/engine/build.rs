//! Compiles the kernels, and writes libtorch's folder into the tests' binaries (see build/rpath.rs).

use std::path::PathBuf;

#[path = "../../build/rpath.rs"]
mod rpath;

fn main() {
    rpath::main();
    println!("cargo:rerun-if-changed=kernels/kernels.c");
    let mut build = cc::Build::new();
    build.file("kernels/kernels.c").opt_level(3).warnings(true);
    // Without these, comparisons and square roots keep loops out of vector registers.
    for flag in ["-fno-signed-zeros", "-fno-trapping-math", "-fno-math-errno"] {
        build.flag_if_supported(flag);
    }
    // Apple's compiler comes without OpenMP: the kernels run on one thread there.
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        build.flag("-fopenmp");
        println!("cargo:rustc-link-lib=gomp");
    }
    build.compile("cavendish_kernels");
    compile_shim();
}

/// The call into libtorch's dispatcher, against the headers of the libtorch that is linked.
fn compile_shim() {
    println!("cargo:rerun-if-changed=kernels/onednn.cpp");
    let Some(libtorch) = std::env::var_os("LIBTORCH").map(PathBuf::from) else {
        panic!("LIBTORCH is not set: run `cargo xtask setup`");
    };
    // libtorch's headers warn, and none of that is ours.
    let mut build = cc::Build::new();
    build.cpp(true).std("c++17").opt_level(1).warnings(false).flag_if_supported("-w");
    build.include(libtorch.join("include")).include(libtorch.join("include/torch/csrc/api/include"));
    build.file("kernels/onednn.cpp").compile("cavendish_onednn");
}
