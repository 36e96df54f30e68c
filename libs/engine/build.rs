//! Compiles the kernels, and writes libtorch's folder into the tests' binaries (see build/rpath.rs).

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
}
