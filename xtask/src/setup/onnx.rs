//! The convolutions of an ONNX file, as weights under other names.

use anyhow::{Context, Result, bail};
use onnx_rs::ast::{DataType, Graph, OpType};
use safetensors::tensor::{Dtype, TensorView};

type Named<'a> = (String, TensorView<'a>);

/// Weights and biases of the convolutions in the order of execution, in which ONNX lists them; they get `names`, which
/// are their own where the file has kept those.
pub(super) fn convolutions<'a>(graph: &Graph<'a>, names: &[String]) -> Result<Vec<Named<'a>>> {
    let nodes: Vec<_> = graph.node.iter().filter(|node| node.op_type == OpType::Conv).collect();
    if nodes.len() != names.len() {
        bail!("there are {} convolutions and {} names", nodes.len(), names.len());
    }
    let mut tensors = Vec::with_capacity(2 * names.len());
    for (node, name) in nodes.iter().zip(names) {
        let [_, weight, bias] = node.input[..] else { bail!("{name} has no bias") };
        if weight.strip_suffix(".weight").is_some_and(|own| own != name) {
            bail!("{weight} is where {name} belongs");
        }
        tensors.push((format!("{name}.weight"), view(graph, weight)?));
        tensors.push((format!("{name}.bias"), view(graph, bias)?));
    }
    Ok(tensors)
}

/// An initializer of 32-bit floats, its bytes those of the file.
fn view<'a>(graph: &Graph<'a>, name: &str) -> Result<TensorView<'a>> {
    let tensor = graph.get_initializer(name).with_context(|| format!("there is no tensor {name}"))?;
    let bytes = tensor.as_raw().filter(|_| tensor.data_type() == DataType::Float);
    let bytes = bytes.with_context(|| format!("{name} is not stored as raw 32-bit floats"))?;
    let shape = tensor.dims().iter().map(|&length| usize::try_from(length)).collect::<Result<_, _>>();
    let shape = shape.with_context(|| format!("{name} has a negative length"))?;
    TensorView::new(Dtype::F32, shape, bytes).with_context(|| format!("{name} does not fill its shape"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use onnx_rs::ast::{Node, TensorProto};

    const BYTES: [u8; 8] = [1, 2, 3, 4, 5, 6, 7, 8];

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    /// A convolution whose weights lost their name, a ReLU, one whose weights kept it.
    fn graph() -> Graph<'static> {
        let node = |op_type, input| Node { op_type, input, ..Default::default() };
        let float = |name, dims, bytes| TensorProto::from_raw(name, dims, DataType::Float, bytes);
        Graph {
            node: vec![
                node(OpType::Conv, vec!["x", "17", "18"]),
                node(OpType::Relu, vec!["y"]),
                node(OpType::Conv, vec!["z", "side1.weight", "side1.bias"]),
            ],
            initializer: vec![
                float("side1.weight", vec![1, 1, 1, 2], &BYTES),
                float("side1.bias", vec![1], &BYTES[4..]),
                float("17", vec![2, 1, 1, 1], &BYTES),
                float("18", vec![2], &BYTES),
            ],
            ..Default::default()
        }
    }

    fn refused(graph: &Graph<'_>, wanted: &[&str]) -> String {
        format!("{:#}", convolutions(graph, &names(wanted)).unwrap_err())
    }

    #[test]
    fn convolutions_get_their_bytes_and_names_in_order() {
        let graph = graph();
        let tensors = convolutions(&graph, &names(&["first", "side1"])).unwrap();
        let seen: Vec<_> = tensors.iter().map(|(name, view)| (name.as_str(), view.shape(), view.data())).collect();
        assert_eq!(seen[0], ("first.weight", [2, 1, 1, 1].as_slice(), BYTES.as_slice()));
        assert_eq!(seen[1], ("first.bias", [2].as_slice(), BYTES.as_slice()));
        assert_eq!(seen[2], ("side1.weight", [1, 1, 1, 2].as_slice(), BYTES.as_slice()));
        assert_eq!(seen[3], ("side1.bias", [1].as_slice(), &BYTES[4..]));
    }

    #[test]
    fn another_graph_is_refused_by_what_is_wrong() {
        let both = ["first", "side1"];
        assert!(refused(&graph(), &["first"]).contains("2 convolutions and 1 names"));
        assert!(refused(&graph(), &["first", "side2"]).contains("side1.weight is where side2 belongs"));
        let mut bare = graph();
        bare.node[0].input.pop();
        assert!(refused(&bare, &both).contains("first has no bias"));
        let with = |tensor| {
            let mut other = graph();
            other.initializer[2] = tensor;
            refused(&other, &both)
        };
        assert!(with(TensorProto::default()).contains("there is no tensor 17"));
        assert!(with(TensorProto::from_raw("17", vec![2], DataType::Double, &BYTES)).contains("32-bit floats"));
        assert!(with(TensorProto::from_raw("17", vec![3], DataType::Float, &BYTES)).contains("does not fill"));
        assert!(with(TensorProto::from_raw("17", vec![-1], DataType::Float, &BYTES)).contains("negative length"));
    }
}
