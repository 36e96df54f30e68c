//! What is written beside the pixels: the XMP packet that marks a generated image.

use std::fmt::Write as _;

/// How the pixels came to be, in the words of the IPTC vocabulary `digitalsourcetype`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Marking {
    /// Made wholly by a trained model.
    TrainedAlgorithmicMedia,
    /// Real pixels together with some that a trained model made.
    CompositeWithTrainedAlgorithmicMedia,
    /// Real pixels put together without a model.
    Composite,
}

impl Marking {
    /// The last segment of the vocabulary's URI.
    pub fn name(self) -> &'static str {
        match self {
            Self::TrainedAlgorithmicMedia => "trainedAlgorithmicMedia",
            Self::CompositeWithTrainedAlgorithmicMedia => "compositeWithTrainedAlgorithmicMedia",
            Self::Composite => "composite",
        }
    }
}

/// What is written into a file beside its pixels; what is None is left out, and an empty one writes no packet.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Metadata {
    /// How the pixels came to be.
    pub marking: Option<Marking>,
    /// Pixels to an inch on paper; WebP and AVIF have no place for it.
    pub dpi: Option<u32>,
    /// Millimetres on every side that are cut off; only PDF has a place for it.
    pub bleed_mm: Option<f32>,
    /// The program, `xmp:CreatorTool`.
    pub creator_tool: Option<String>,
    /// The model's name.
    pub model: Option<String>,
    /// The seed of the render.
    pub seed: Option<u64>,
    /// A hash of the prompt; the prompt itself is the customer's.
    pub prompt_hash: Option<String>,
    /// The job's id.
    pub job: Option<String>,
}

impl Metadata {
    /// The XMP packet, None when there is nothing to say. No date is in it: the same picture gives the same bytes.
    pub fn xmp(&self) -> Option<String> {
        let mut fields = String::new();
        let mut field = |name: &str, value: Option<&str>| {
            if let Some(value) = value {
                let _ = write!(fields, "\n   <{name}>{}</{name}>", escaped(value));
            }
        };
        let kind = self.marking.map(|m| format!("http://cv.iptc.org/newscodes/digitalsourcetype/{}", m.name()));
        field("Iptc4xmpExt:DigitalSourceType", kind.as_deref());
        field("xmp:CreatorTool", self.creator_tool.as_deref());
        field("cavendish:Model", self.model.as_deref());
        field("cavendish:Seed", self.seed.map(|seed| seed.to_string()).as_deref());
        field("cavendish:PromptHash", self.prompt_hash.as_deref());
        field("cavendish:Job", self.job.as_deref());
        if fields.is_empty() {
            return None;
        }
        Some(format!(
            "<?xpacket begin=\"\u{feff}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n\
             <x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\n \
             <rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\n  \
             <rdf:Description rdf:about=\"\"\n    \
             xmlns:Iptc4xmpExt=\"http://iptc.org/std/Iptc4xmpExt/2008-02-29/\"\n    \
             xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\"\n    \
             xmlns:cavendish=\"urn:cavendish:1\">{fields}\n  \
             </rdf:Description>\n </rdf:RDF>\n</x:xmpmeta>\n<?xpacket end=\"r\"?>"
        ))
    }
}

/// Text that is safe in XML; long values are cut, so that the packet fits one JPEG segment.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars().take(1000) {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
