mod page;
mod preview;
mod stand_in;

use crate::cli::{TemplateArgs, TemplateCommand};
use crate::{Exit, output, settings};
use cavendish_typesetting::{HouseStyle, Template};
use serde::Serialize;
use std::path::Path;

/// A template, as `list --json` tells it.
#[derive(Debug, Serialize)]
struct Listed<'a> {
    name: &'a str,
    /// Width over height of the safe areas that it is for: from the first up to the second, which is null where there is no end.
    shapes: Vec<[f32; 2]>,
}

pub(crate) fn run(args: TemplateArgs, config: Option<&Path>) -> anyhow::Result<Exit> {
    let typesetting = settings::typesetting(config)?;
    let house = HouseStyle::load(&typesetting)?;
    match args.command {
        TemplateCommand::List { json } => list(&house.templates(&args.tenant)?, json),
        TemplateCommand::Show { name, renamed } => {
            let template = house.template(&name, &args.tenant)?;
            match renamed {
                Some(renamed) => print!("{}", template.renamed(&renamed)?.text()),
                None => print!("{}", template.text()),
            }
            Ok(Exit::Done)
        }
        TemplateCommand::Preview(wanted) => preview::run(
            &wanted,
            &args.tenant,
            &house,
            &typesetting.fonts_dir,
            settings::specs(config)?.of(&args.tenant),
        ),
    }
}

fn list(templates: &[&Template], json: bool) -> anyhow::Result<Exit> {
    let listed: Vec<_> = templates
        .iter()
        .map(|template| Listed { name: template.name(), shapes: template.shapes().collect() })
        .collect();
    if json {
        output::json(&listed)?;
        return Ok(Exit::Done);
    }
    let rows: Vec<_> = listed.iter().map(|one| vec![one.name.to_owned(), shapes(&one.shapes)]).collect();
    println!("{}", output::table(&["NAME", "WIDTH OVER HEIGHT"], &rows));
    output::next("cavendish template preview NAME");
    Ok(Exit::Done)
}

/// Shapes for people; several arrangements may be for one.
fn shapes(all: &[[f32; 2]]) -> String {
    let mut told: Vec<String> = vec![];
    for [least, below] in all {
        let shape = if below.is_finite() { format!("{least} to {below}") } else { format!("{least} and more") };
        if !told.contains(&shape) {
            told.push(shape);
        }
    }
    told.join(", ")
}
