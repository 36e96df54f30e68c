//! A template with copy on it, in every shape that it is for.

use super::{page, stand_in};
use crate::brief_file;
use crate::cli::PreviewArgs;
use crate::{Exit, output};
use anyhow::{Context, bail};
use cavendish_domain::{AdCopy, BrandChoice};
use cavendish_imaging::image::RgbImage;
use cavendish_specs::{Catalogue, Spec};
use cavendish_typesetting::{Element, Fit, Fonts, HouseStyle, Rooms, Setting, Template, TypeReport, locale};
use serde::Serialize;
use std::fs;
use std::path::Path;

/// Specs of the shapes that placements usually have.
const USUAL: [&str; 9] = [
    "meta-story",
    "meta-feed-portrait",
    "meta-feed-square",
    "iab-medium-rectangle",
    "linkedin-landscape",
    "iab-billboard",
    "iab-leaderboard",
    "iab-mobile-banner",
    "iab-skyscraper",
];

/// A picture in the shape of a spec, as `--json` tells it.
#[derive(Debug, Serialize)]
pub(super) struct Shown {
    pub(super) spec: String,
    pub(super) width: u32,
    pub(super) height: u32,
    /// Whether the template is for this shape; else one that is shipped was used.
    pub(super) is_for: bool,
    #[serde(flatten)]
    pub(super) report: TypeReport,
    #[serde(skip)]
    pub(super) image: RgbImage,
    #[serde(skip)]
    pub(super) rooms: Rooms,
}

impl Shown {
    pub(super) fn laid_out_by(&self) -> String {
        match (self.is_for, self.report.arrangement) {
            (true, Some(arrangement)) => format!("arrangement {arrangement}"),
            (true, None) => "nothing found room".into(),
            (false, _) => format!("the shipped {}: not for this shape", self.report.template),
        }
    }

    pub(super) fn left_out(&self) -> Vec<String> {
        let out = self.report.elements.iter().filter(|element| element.fit == Fit::DidNotFit);
        out.map(|element| name(element.element)).collect()
    }
}

/// What a brief says of its copy.
#[derive(Default, serde::Deserialize)]
struct Worded {
    copy: Option<AdCopy>,
    locale: Option<String>,
    brand: Option<BrandChoice>,
}

pub(super) fn run(
    args: &PreviewArgs,
    tenant: &str,
    house: &HouseStyle,
    fonts: &Path,
    catalogue: &Catalogue,
) -> anyhow::Result<Exit> {
    let file = Path::new(&args.template);
    let loaded;
    let template = if file.extension().is_some_and(|extension| extension == "toml") {
        loaded = Template::load(file)?;
        &loaded
    } else {
        house.template(&args.template, tenant)?
    };
    let setting = setting(args, tenant, house, fonts, template)?;
    let shown: Vec<_> =
        specs(args, template, catalogue)?.into_iter().map(|spec| show(spec, template, &setting)).collect();
    let html = page::page(template, &setting.locale(), &shown)?;
    fs::write(&args.out, html).with_context(|| format!("cannot write {}", args.out.display()))?;
    if args.json {
        output::json(&shown)?;
    } else {
        println!(
            "{}",
            output::table(&["SPEC", "PIXELS", "LAID OUT BY", "LEFT OUT"], &shown.iter().map(row).collect::<Vec<_>>())
        );
    }
    output::note(&format!("Wrote {}", args.out.display()));
    Ok(Exit::Done)
}

fn setting(
    args: &PreviewArgs,
    tenant: &str,
    house: &HouseStyle,
    fonts: &Path,
    template: &Template,
) -> anyhow::Result<Setting> {
    let worded: Worded = match &args.brief {
        Some(file) => serde_json::from_value(brief_file::load(file)?.body).context(file.display().to_string())?,
        None => Worded::default(),
    };
    let mut kit = house.kit(worded.brand.as_ref(), tenant)?;
    kit.logo.get_or_insert_with(stand_in::logo);
    let locale = locale(args.locale.as_deref().or(worded.locale.as_deref()))?;
    let fonts = Fonts::load(fonts)?.with(&kit.fonts)?;
    Ok(Setting::new(&worded.copy.unwrap_or_else(stand_in::copy), locale, Some(template), kit, fonts)?)
}

/// The specs that were named, or the usual ones that the template is for.
fn specs<'a>(args: &PreviewArgs, template: &Template, catalogue: &'a Catalogue) -> anyhow::Result<Vec<&'a Spec>> {
    if !args.specs.is_empty() {
        return Ok(args.specs.iter().map(|id| catalogue.get(id)).collect::<Result<_, _>>()?);
    }
    let mut specs = USUAL.iter().map(|id| catalogue.get(id)).collect::<Result<Vec<_>, _>>()?;
    specs.retain(|spec| is_for(template, spec));
    if specs.is_empty() {
        bail!("`{}` is for none of the usual shapes: name specs with --spec", template.name());
    }
    Ok(specs)
}

fn safe(spec: &Spec) -> [f32; 4] {
    spec.safe_area(spec.size.width, spec.size.height)
}

fn is_for(template: &Template, spec: &Spec) -> bool {
    let [left, top, right, bottom] = safe(spec);
    template.is_for((right - left) / (bottom - top))
}

fn show(spec: &Spec, template: &Template, setting: &Setting) -> Shown {
    let (width, height, safe) = (spec.size.width, spec.size.height, safe(spec));
    let (mut image, subject) = stand_in::picture((width, height), setting.subject_area(safe).unwrap_or(safe));
    let report = setting.set(&mut image, safe, &[subject]);
    let rooms = setting.rooms(safe, &report);
    Shown { spec: spec.id.clone(), width, height, is_for: is_for(template, spec), report, image, rooms }
}

fn row(shown: &Shown) -> Vec<String> {
    let left_out = shown.left_out();
    vec![
        shown.spec.clone(),
        format!("{}×{}", shown.width, shown.height),
        shown.laid_out_by(),
        if left_out.is_empty() { "–".into() } else { left_out.join(", ") },
    ]
}

/// An element as templates call it.
pub(super) fn name(element: Element) -> String {
    format!("{element:?}").to_lowercase()
}
