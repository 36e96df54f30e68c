//! Weights in ncnn's files to safetensors with the names of the original PyTorch network.
//!
//! An ncnn `.bin` file holds the layers of the `.param` file in order: a convolution's weights are preceded by a flag (16-bit
//! floats, padded to four bytes, in the files at hand) and followed by its 32-bit biases; a PReLU's slopes are 32-bit.

use anyhow::{Context, Result, bail};
use safetensors::tensor::{Dtype, TensorView, serialize};
use std::{collections::HashMap, fs, path::Path};

/// What precedes weights stored as 16-bit floats.
const F16: [u8; 4] = 0x0130_6B47_u32.to_le_bytes();

/// Converts `<folder>/<stem>.param` and `.bin`, whose convolutions (3 × 3) and PReLUs get `names` in their order.
pub(super) fn convert(folder: &Path, stem: &str, names: &[String]) -> Result<Vec<u8>> {
    let file = |extension: &str| folder.join(format!("{stem}.{extension}"));
    let read =
        |extension: &str| fs::read(file(extension)).with_context(|| format!("the package lacks {stem}.{extension}"));
    let (layers, data) = (String::from_utf8(read("param")?)?, read("bin")?);
    tensors(&layers, &data, names).and_then(|tensors| Ok(serialize(tensors, None)?)).context(stem.to_owned())
}

type Named<'a> = (String, TensorView<'a>);

fn tensors<'a>(layers: &str, data: &'a [u8], names: &[String]) -> Result<Vec<Named<'a>>> {
    let (mut rest, mut tensors, mut names) = (data, Vec::new(), names.iter());
    for line in layers.lines().skip(2) {
        let mut fields = line.split_whitespace();
        let kind = fields.next().unwrap_or_default();
        if !matches!(kind, "Convolution" | "PReLU") {
            continue;
        }
        let options: HashMap<&str, &str> = fields.filter_map(|field| field.split_once('=')).collect();
        let option = |key: &str| -> Result<usize> {
            Ok(options.get(key).with_context(|| format!("a {kind} without {key}"))?.parse()?)
        };
        let name = names.next().context("there are more layers than names")?;
        let outputs = option("0")?;
        if kind == "Convolution" {
            let count = option("6")?;
            if take(&mut rest, 4)? != F16 {
                bail!("{name} is not stored as 16-bit floats");
            }
            let weight = &take(&mut rest, (2 * count).next_multiple_of(4))?[..2 * count];
            let shape = vec![outputs, count / (9 * outputs).max(1), 3, 3];
            tensors.push((format!("{name}.weight"), TensorView::new(Dtype::F16, shape, weight)?));
        }
        let last = if kind == "Convolution" { "bias" } else { "weight" };
        let view = TensorView::new(Dtype::F32, vec![outputs], take(&mut rest, 4 * outputs)?)?;
        tensors.push((format!("{name}.{last}"), view));
    }
    if !rest.is_empty() || names.next().is_some() {
        bail!("{} bytes are left over, and {} names", rest.len(), names.count());
    }
    Ok(tensors)
}

/// The next `count` bytes.
fn take<'a>(rest: &mut &'a [u8], count: usize) -> Result<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(count).context("the file ends too early")?;
    *rest = left;
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAYERS: &str = "7767517\n3 3\nInput in 0 1 data\n\
        Convolution a 1 1 data x 0=1 1=3 4=1 5=1 6=9\nPReLU b 1 1 x y 0=1\nConcat c 1 1 y z\n";

    /// One convolution of nine weights (18 bytes, so two of padding), its bias, a slope.
    fn data() -> Vec<u8> {
        let weights = [F16.as_slice(), &(1..=18).collect::<Vec<u8>>(), &[0, 0]].concat();
        [weights, 5_f32.to_le_bytes().to_vec(), 7_f32.to_le_bytes().to_vec()].concat()
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn layers_get_their_bytes_and_names() {
        let data = data();
        let tensors = tensors(LAYERS, &data, &names(&["body.0", "body.1"])).unwrap();
        let seen: Vec<_> = tensors.iter().map(|(name, view)| (name.as_str(), view.shape(), view.data())).collect();
        let weight: Vec<u8> = (1..=18).collect();
        assert_eq!(seen[0], ("body.0.weight", [1, 1, 3, 3].as_slice(), weight.as_slice()));
        assert_eq!(seen[1], ("body.0.bias", [1].as_slice(), 5_f32.to_le_bytes().as_slice()));
        assert_eq!(seen[2], ("body.1.weight", [1].as_slice(), 7_f32.to_le_bytes().as_slice()));
    }

    #[test]
    fn files_that_do_not_go_with_their_layers_are_refused() {
        let (data, both) = (data(), names(&["a", "b"]));
        let refused = |data: &[u8], names: &[String]| format!("{:#}", tensors(LAYERS, data, names).unwrap_err());
        assert!(refused(&data[..data.len() - 1], &both).contains("ends too early"));
        assert!(refused(&[data.as_slice(), &[0]].concat(), &both).contains("1 bytes are left over"));
        assert!(refused(&data, &names(&["a"])).contains("more layers than names"));
        assert!(refused(&data, &names(&["a", "b", "c"])).contains("left over"));
        assert!(refused(&[&[0; 4], &data[4..]].concat(), &both).contains("not stored as 16-bit"));
    }
}
