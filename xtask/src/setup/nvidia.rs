//! NVIDIA's wheels: what libtorch_cpu.so of the CUDA build asks the loader for, and what its GPU half needs on top.

use super::wheel::{LINUX_X86_64, Wheel};

const fn wheel(name: &'static str, version: &'static str, sha256: &'static str, size: u64) -> Wheel {
    Wheel { name, version, sha256, size, platforms: LINUX_X86_64 }
}

/// CUDA's runtime.
pub(super) const RUNTIME: Wheel = wheel(
    "nvidia-cuda-runtime",
    "13.0.96",
    "7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548",
    2_243_632,
);
/// CUDA's profiler.
pub(super) const CUPTI: Wheel = wheel(
    "nvidia-cuda-cupti",
    "13.0.85",
    "4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8",
    10_715_597,
);
/// As PyTorch's own metadata asks for them.
pub(super) const GPU: &[Wheel] = &[
    wheel("nvidia-cublas", "13.1.0.3", "ee8722c1f0145ab246bccb9e452153b5e0515fd094c3678df50b2a0888b8b171", 423_133_236),
    wheel(
        "nvidia-cuda-nvrtc",
        "13.0.88",
        "ad9b6d2ead2435f11cbb6868809d2adeeee302e9bb94bcf0539c7a40d80e8575",
        90_215_200,
    ),
    wheel(
        "nvidia-cudnn-cu13",
        "9.19.0.56",
        "d20e1734305e9d68889a96e3f35094d733ff1f83932ebe462753973e53a572bf",
        366_066_321,
    ),
    wheel("nvidia-cufft", "12.0.0.61", "6c44f692dce8fd5ffd3e3df134b6cdb9c2f72d99cf40b62c32dde45eea9ddad3", 214_085_489),
    wheel("nvidia-cufile", "1.15.1.6", "08a3ecefae5a01c7f5117351c64f17c7c62efa5fffdbe24fc7d298da19cd0b44", 1_223_672),
    wheel("nvidia-curand", "10.4.0.35", "1aee33a5da6e1db083fe2b90082def8915f30f3248d5896bcec36a579d941bfc", 59_544_258),
    wheel(
        "nvidia-cusolver",
        "12.0.4.66",
        "0a759da5dea5c0ea10fd307de75cdeb59e7ea4fcb8add0924859b944babf1112",
        200_941_980,
    ),
    wheel(
        "nvidia-cusparse",
        "12.6.3.3",
        "2b3c89c88d01ee0e477cb7f82ef60a11a4bcd57b6b87c33f789350b59759360b",
        145_942_937,
    ),
    wheel(
        "nvidia-cusparselt-cu13",
        "0.8.0",
        "25e30a8a7323935d4ad0340b95a0b69926eee755767e8e0b1cf8dd85b197d3fd",
        169_884_119,
    ),
    wheel(
        "nvidia-nccl-cu13",
        "2.28.9",
        "e4553a30f34195f3fa1da02a6da3d6337d28f2003943aa0a3d247bbc25fefc42",
        196_493_177,
    ),
    wheel(
        "nvidia-nvjitlink",
        "13.0.88",
        "13a74f429e23b921c1109976abefacc69835f2f433ebd323d3946e11d804e47b",
        40_713_933,
    ),
    wheel(
        "nvidia-nvshmem-cu13",
        "3.4.5",
        "290f0a2ee94c9f3687a02502f3b9299a9f9fe826e6d0287ee18482e78d495b80",
        60_412_546,
    ),
    wheel("nvidia-nvtx", "13.0.85", "4936d1d6780fbe68db454f5e72a42ff64d1fd6397df9f363ae786930fd5c1cd4", 148_047),
];
