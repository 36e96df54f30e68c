//! A page of contact prints for every product, and one that leads to them.

use super::entry::{Entry, MadeFile, Outcome};
use super::feed::Product;
use super::item;
use super::ledger::Ledger;
use super::plan::Plan;
use super::template::path_part;
use crate::output;
use crate::sheet::html::{self, escape};
use crate::sheet::{MARK, STYLE, preview};
use anyhow::Context;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

/// Folder of the products' pages, below the output folder.
const PAGES: &str = "products";
const OWN_STYLE: &str = include_str!("page.css");

/// The page that leads to the products, written as they are done.
pub(super) struct Contents {
    file: BufWriter<File>,
}

impl Contents {
    /// Begins the page of a campaign.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn begin(out: &Path, campaign: &str) -> anyhow::Result<Self> {
        std::fs::create_dir_all(out.join(PAGES))
            .with_context(|| format!("cannot make {}", out.join(PAGES).display()))?;
        let path = out.join("index.html");
        let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
        let mut contents = Self { file: BufWriter::new(file) };
        writeln!(contents.file, "{}<main class=\"products\">", head(campaign, "Campaign"))?;
        Ok(contents)
    }

    /// Adds a product, and writes its page from what the ledger knows of it.
    ///
    /// # Errors
    /// When they cannot be written.
    pub(super) fn add(&mut self, out: &Path, ledger: &Ledger, plan: &Plan, product: &Product) -> anyhow::Result<()> {
        let part = path_part(&product.id);
        let (mut body, mut first, mut good, mut doubtful, mut all) = (String::new(), None, 0, 0, 0);
        for (locale, scene) in plan.locales.iter().flat_map(|l| plan.scenes.iter().map(move |s| (l, &s.name))) {
            let entry = ledger.read(&item::key(&product.id, locale, scene))?;
            let files = entry.iter().flat_map(files);
            all += plan.deliverables.len() * plan.variants as usize;
            good += files.clone().filter(|file| file.compliant).count();
            doubtful += files.clone().filter(|file| file.compliant && !file.doubt.is_empty()).count();
            first = first.or_else(|| files.clone().next().map(|file| file.path.clone()));
            let _ = writeln!(body, "<section><h2>{} <small>{}</small></h2>", escape(scene), escape(locale));
            body.push_str(&prints(out, entry.as_ref()));
            body.push_str("</section>\n");
        }
        let failed = ledger.read(&item::subject_key(&product.id))?;
        if let Some(Entry { outcome: Outcome::Failed { error, .. }, .. }) = failed {
            let _ = writeln!(body, "<p class=\"why\">{}</p>", escape(&error));
        }
        let page =
            format!("{}<main class=\"jobs\">\n{body}</main>\n</body>\n</html>\n", head(&product.title, &product.id));
        let path = out.join(PAGES).join(format!("{part}.html"));
        std::fs::write(&path, page).with_context(|| format!("cannot write {}", path.display()))?;
        let title = escape(&product.title);
        let (tone, doubts) = (html::tone(good == all, doubtful > 0), output::doubtful(doubtful));
        let picture = first.map(|path| preview::of(&out.join(&path)).unwrap_or_else(|| escape(&path)));
        let picture = picture.map(|source| format!("<img loading=\"lazy\" src=\"{source}\" alt=\"\">"));
        let picture = picture.unwrap_or_default();
        Ok(writeln!(
            self.file,
            "<a class=\"product\" href=\"{PAGES}/{part}.html\">{picture}<b>{title}</b>\
             <span class=\"{tone}\">{good} of {all} on spec{doubts}</span></a>"
        )?)
    }

    /// Ends the page.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn end(mut self) -> anyhow::Result<()> {
        self.file.write_all(b"</main>\n</body>\n</html>\n")?;
        Ok(self.file.flush()?)
    }
}

fn files(entry: &Entry) -> impl Iterator<Item = &MadeFile> + Clone {
    let files: &[MadeFile] = match &entry.outcome {
        Outcome::Made { files, .. } => files,
        _ => &[],
    };
    files.iter()
}

/// The files of a job, or why there are none.
fn prints(out: &Path, entry: Option<&Entry>) -> String {
    let Some(entry) = entry else { return "<p class=\"why\">not made yet</p>\n".into() };
    if let Outcome::Failed { error, .. } = &entry.outcome {
        return format!("<p class=\"why\">{}</p>\n", escape(error));
    }
    let print = |file: &MadeFile| {
        let path = escape(&format!("../{}", file.path));
        let source = preview::of(&out.join(&file.path)).unwrap_or_else(|| path.clone());
        let (spec, variant) = (escape(&file.spec), file.variant);
        let tone = html::tone(file.compliant, !file.doubt.is_empty());
        let on_spec = file.compliant.then(|| "on spec".to_owned());
        let problems = (!file.problems.is_empty()).then(|| escape(&file.problems));
        let doubt = (!file.doubt.is_empty()).then(|| format!("doubtful: {}", escape(&file.doubt)));
        let told = [on_spec, problems, doubt].into_iter().flatten().collect::<Vec<_>>().join(", ");
        format!(
            "<figure style=\"--ratio:{:.4}\"><a href=\"{path}\"><img loading=\"lazy\" src=\"{source}\" alt=\"{spec}\"></a>\
             <figcaption><b>{spec}</b> {variant} · {}×{} <span class=\"{tone}\">{told}</span></figcaption></figure>\n",
            f64::from(file.width) / f64::from(file.height.max(1)),
            file.width,
            file.height,
        )
    };
    format!("<div class=\"prints\">\n{}</div>\n", files(entry).map(print).collect::<String>())
}

fn head(title: &str, note: &str) -> String {
    let (title, note) = (escape(title), escape(note));
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title} · Cavendish</title>\n\
         <style>\n{STYLE}{OWN_STYLE}</style>\n</head>\n<body>\n<header class=\"masthead\">\n\
         <div class=\"brand\">{MARK}<div><h1>{title}</h1><p>{note}</p></div></div>\n</header>\n"
    )
}
