//! libtorch 2.11, laid out from the wheels of PyTorch: the CPU half by default, everything with `--cuda`.

use super::{
    archive, folder, nvidia,
    wheel::{LINUX_X86_64, MACOS_ARM64, Wheel},
};
use crate::{paths::Paths, say, say::Board};
use anyhow::{Context, Result, bail};
use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// Pairs with tch 0.24.
const VERSION: &str = "2.11.0";

const TORCH_LINUX: Wheel = Wheel {
    name: "torch",
    version: VERSION,
    sha256: "7aa2f9bbc6d4595ba72138026b2074be1233186150e9292865e04b7a63b8c67a",
    size: 530_604_548,
    platforms: LINUX_X86_64,
};

const TORCH_MACOS: Wheel = Wheel {
    name: "torch",
    version: VERSION,
    sha256: "7b6a60d48062809f58595509c524b88e6ddec3ebe25833d6462eeab81e5f2ce4",
    size: 80_529_712,
    platforms: MACOS_ARM64,
};

/// The five libraries that the CPU half is made of.
const CPU_LIBRARIES: [&str; 5] = ["libtorch_cpu.so", "libc10.so", "libgomp.so.1", "libcudart.so.13", "libcupti.so.13"];

/// Stands in for the library of that name: it only pulls in the others, and with it libtorch_cuda.so.
const LINKER_SCRIPT: &str = "INPUT(-ltorch_cpu)\n";

/// Which parts of PyTorch are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flavour {
    LinuxCpu,
    LinuxCuda,
    Macos,
}

impl Flavour {
    fn of(os: &str, arch: &str, cuda: bool) -> Result<Self> {
        match (os, arch) {
            ("linux", "x86_64") if cuda => Ok(Self::LinuxCuda),
            ("linux", "x86_64") => Ok(Self::LinuxCpu),
            ("macos", "aarch64") if cuda => bail!("there is no CUDA on macOS"),
            ("macos", "aarch64") => Ok(Self::Macos),
            _ => bail!(
                "no libtorch is pinned for {os} on {arch}: unpack libtorch {VERSION} somewhere and export LIBTORCH=<that folder>"
            ),
        }
    }

    fn wheels(self) -> Vec<Wheel> {
        match self {
            Self::Macos => vec![TORCH_MACOS],
            Self::LinuxCpu => vec![TORCH_LINUX, nvidia::RUNTIME, nvidia::CUPTI],
            Self::LinuxCuda => {
                [TORCH_LINUX, nvidia::RUNTIME, nvidia::CUPTI].into_iter().chain(nvidia::GPU.iter().copied()).collect()
            }
        }
    }

    fn recipe(self) -> String {
        let lines = self.wheels().iter().map(Wheel::line).collect::<Vec<_>>();
        format!("{self:?}\n{}", lines.join("\n"))
    }

    /// Where a file of one of the wheels goes, if it is wanted.
    fn place(self, name: &str) -> Option<PathBuf> {
        let below_include = name.strip_prefix("torch/include/").map(|rest| Path::new("include").join(rest));
        let file = name.rsplit('/').next().unwrap_or(name);
        let is_library = file.contains(".so") || file.ends_with(".dylib");
        let from_torch = name.starts_with("torch/lib/") || name.starts_with("torch.libs/");
        let wanted = match self {
            Self::LinuxCpu => CPU_LIBRARIES.contains(&file),
            Self::LinuxCuda => is_library && (from_torch || name.starts_with("nvidia/")),
            Self::Macos => is_library && from_torch,
        };
        // The Python bindings would need libpython.
        let wanted = wanted && !file.starts_with("libtorch_python");
        below_include.or_else(|| wanted.then(|| Path::new("lib").join(file)))
    }
}

/// The wheels that `setup` fetches, as text.
pub(crate) fn plan(cuda: bool) -> Result<Vec<String>> {
    let wheels = Flavour::of(env::consts::OS, env::consts::ARCH, cuda)?.wheels();
    let total = wheels.iter().map(|wheel| wheel.size).sum();
    let lines = wheels.iter().map(|wheel| format!("{}=={}  {}", wheel.name, wheel.version, say::megabytes(wheel.size)));
    Ok(lines.chain([format!("total  {}", say::megabytes(total))]).collect())
}

/// Makes sure that there is a libtorch to build with.
pub(crate) fn ensure(paths: &Paths, cuda: bool) -> Result<()> {
    if let Some(foreign) = paths.foreign_libtorch() {
        check_foreign(&foreign)?;
        say::ok(&format!("libtorch at {} (LIBTORCH)", foreign.display()));
        return Ok(());
    }
    let flavour = Flavour::of(env::consts::OS, env::consts::ARCH, cuda)?;
    let place = paths.cache.join("libtorch");
    let made = |flavour: Flavour| folder::is_made_from(&place, &flavour.recipe());
    // The CUDA layout serves builds for the CPU as well: it is not torn down for a plain `setup`.
    if !(made(flavour) || (flavour == Flavour::LinuxCpu && made(Flavour::LinuxCuda))) {
        lay_out(paths, &place, flavour)?;
    }
    say::ok(&format!("libtorch {VERSION} in {}", paths.show(&place)));
    Ok(())
}

fn lay_out(paths: &Paths, place: &Path, flavour: Flavour) -> Result<()> {
    say::headline(&format!("libtorch {VERSION} (once)"));
    let files = flavour.wheels().iter().map(|wheel| wheel.fetch(paths)).collect::<Result<Vec<_>>>()?;
    folder::make(place, &flavour.recipe(), |draft| {
        for file in &files {
            unpack(file, draft, flavour)?;
        }
        if flavour == Flavour::LinuxCpu {
            fs::write(draft.join("lib/libtorch.so"), LINKER_SCRIPT)?;
            let missing = CPU_LIBRARIES.iter().find(|name| !draft.join("lib").join(name).exists());
            missing.map_or(Ok(()), |name| bail!("the wheels lack {name}"))?;
        }
        Ok(())
    })?;
    // They are half a gigabyte and of no more use: the stamp holds their checksums.
    files.iter().try_for_each(fs::remove_file).context("cannot remove an unpacked wheel")
}

fn unpack(file: &Path, draft: &Path, flavour: Flavour) -> Result<()> {
    let mut wheel = archive::open(file)?;
    let sizes = (0..wheel.len()).map(|index| -> Result<u64> {
        let entry = wheel.by_index_raw(index)?;
        Ok(flavour.place(&entry.name()?).map_or(0, |_| entry.size()))
    });
    let total = sizes.sum::<Result<u64>>()?;
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let name = name.split('-').next().unwrap_or_default().replace('_', "-");
    let step = Board::default().bytes(&format!("unpacking {name}"), total);
    let count = archive::extract(&mut wheel, draft, &step, |name| flavour.place(name))?;
    step.done(&format!("{count} files, {}", say::megabytes(total)));
    Ok(())
}

/// A libtorch that somebody else laid out: it is used as it is, once it looks right.
fn check_foreign(folder: &Path) -> Result<()> {
    let header = folder.join("include/torch/headeronly/version.h");
    let header = fs::read_to_string(&header)
        .with_context(|| format!("LIBTORCH={} is no libtorch {VERSION}: no {}", folder.display(), header.display()))?;
    let number = |part: &str| {
        let line = header.lines().find_map(|line| line.strip_prefix(&format!("#define TORCH_VERSION_{part} ")));
        line.map(|value| value.trim().to_owned()).unwrap_or_default()
    };
    let found = format!("{}.{}", number("MAJOR"), number("MINOR"));
    if !VERSION.starts_with(&format!("{found}.")) {
        bail!("LIBTORCH={} is libtorch {found}, needed is {VERSION}", folder.display());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_platform_has_its_wheels() {
        assert_eq!(Flavour::of("linux", "x86_64", false).unwrap(), Flavour::LinuxCpu);
        assert_eq!(Flavour::of("macos", "aarch64", false).unwrap(), Flavour::Macos);
        assert!(Flavour::of("macos", "aarch64", true).is_err());
        let unknown = Flavour::of("linux", "riscv64", false).unwrap_err().to_string();
        assert!(unknown.contains("LIBTORCH"), "{unknown}");
        assert!(Flavour::LinuxCuda.wheels().len() > Flavour::LinuxCpu.wheels().len());
    }

    #[test]
    fn files_go_where_the_linker_looks() {
        let cpu = |name| Flavour::LinuxCpu.place(name).map(|path| path.display().to_string());
        assert_eq!(cpu("torch/include/c10/a.h").as_deref(), Some("include/c10/a.h"));
        assert_eq!(cpu("torch/lib/libc10.so").as_deref(), Some("lib/libc10.so"));
        assert_eq!(cpu("nvidia/cu13/lib/libcupti.so.13").as_deref(), Some("lib/libcupti.so.13"));
        assert_eq!(cpu("torch/lib/libtorch_cuda.so"), None);
        assert_eq!(cpu("torch/lib/libtorch.so"), None, "a linker script takes its place");
        let cuda = |name| Flavour::LinuxCuda.place(name).is_some();
        assert!(cuda("torch/lib/libtorch_cuda.so") && cuda("nvidia/cudnn/lib/libcudnn.so.9"));
        assert!(!cuda("torch/lib/libtorch_python.so") && !cuda("torch/nn/modules.py"));
        assert!(Flavour::Macos.place("torch/lib/libomp.dylib").is_some());
    }

    #[test]
    fn a_foreign_libtorch_must_have_the_right_version() {
        let folder = env::temp_dir().join(format!("xtask-libtorch-{}", std::process::id()));
        assert!(check_foreign(&folder).is_err());
        let header = folder.join("include/torch/headeronly/version.h");
        fs::create_dir_all(header.parent().unwrap()).unwrap();
        let text =
            |minor: u32| format!("/// Major\n#define TORCH_VERSION_MAJOR 2\n#define TORCH_VERSION_MINOR {minor}\n");
        fs::write(&header, text(11)).unwrap();
        check_foreign(&folder).unwrap();
        fs::write(&header, text(1)).unwrap();
        assert!(check_foreign(&folder).unwrap_err().to_string().contains("2.1,"));
        fs::remove_dir_all(folder).unwrap();
    }
}
