//! Checkpoint folders for tests, made of nothing but zeros.

use safetensors::tensor::{Dtype, TensorView, serialize_to_file};
use std::path::{Path, PathBuf};

/// A folder of this test's own, empty.
pub(crate) fn fresh(name: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::remove_dir_all(&dir).ok();
    std::fs::create_dir_all(&dir).unwrap();
    dir
}

/// Writes a file of zeros, in bf16.
pub(crate) fn zeros<'a>(path: &Path, shapes: impl IntoIterator<Item = (&'a str, &'a [i64])>) {
    let shapes: Vec<(&str, Vec<usize>)> =
        shapes.into_iter().map(|(name, shape)| (name, shape.iter().map(|&n| n as usize).collect())).collect();
    let most = shapes.iter().map(|(_, shape)| shape.iter().product::<usize>()).max().unwrap_or(0);
    let bytes = vec![0; 2 * most];
    let views = shapes.iter().map(|(name, shape)| {
        let bytes = &bytes[..2 * shape.iter().product::<usize>()];
        (*name, TensorView::new(Dtype::BF16, shape.clone(), bytes).unwrap())
    });
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    serialize_to_file(views, None, path).unwrap();
}

/// Writes JSON.
pub(crate) fn json(path: &Path, value: &serde_json::Value) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, value.to_string()).unwrap();
}
