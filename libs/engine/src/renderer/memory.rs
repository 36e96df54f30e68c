//! How much memory a batch took at most.

use tch::Device;

/// Begins to measure: what was the most so far is forgotten.
pub(super) fn forget_peak(device: Device) {
    if device == Device::Cpu {
        // Linux forgets the peak of the resident set for a 5 (proc(5)); elsewhere there is no such file, and no figure.
        let _unsupported = std::fs::write("/proc/self/clear_refs", "5");
    }
}

/// Bytes that were in use at most since then: of the process for a CPU, unknown for other devices (tch 0.24 does not bind
/// the allocators' statistics).
pub(super) fn peak(device: Device) -> Option<u64> {
    if device != Device::Cpu {
        return None;
    }
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_peak_follows_what_is_used() {
        forget_peak(Device::Cpu);
        let before = peak(Device::Cpu).unwrap();
        let used = vec![1_u8; 64 << 20];
        let after = peak(Device::Cpu).unwrap();
        assert_eq!(used.iter().map(|byte| u64::from(*byte)).sum::<u64>(), 64 << 20);
        assert!(after >= before + (48 << 20), "{before} {after}");
        assert_eq!(peak(Device::Cuda(0)), None);
    }
}
