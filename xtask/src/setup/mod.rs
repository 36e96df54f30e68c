//! `cargo xtask setup`: brings what is missing into the cache folder and says what it does.

mod archive;
mod codecs;
mod cutout;
mod debian;
mod folder;
mod fonts;
mod libtorch;
mod ncnn;
pub(crate) mod node;
mod nvidia;
mod onnx;
mod photo;
pub(crate) mod python;
pub(crate) mod servers;
mod training;
mod u2net;
mod upscalers;
mod weights;
mod wheel;

use crate::{paths::Paths, say};
use anyhow::{Context, Result};
use std::fs;

/// Everything: libtorch, codecs, weights, the demo photograph, fonts and the servers.
pub(crate) fn all(paths: &Paths, cuda: bool) -> Result<()> {
    let _lock = hold(paths)?;
    libtorch::ensure(paths, cuda)?;
    codecs::ensure()?;
    weights::ensure(paths)?;
    photo::ensure(paths)?;
    fonts::ensure(paths)?;
    // A server that the environment names is somebody else's to install.
    let wanted = |name: &str| std::env::var_os(name).is_none_or(|value| value.is_empty());
    servers::ensure(wanted("CAVENDISH_AMQP_URL"), wanted("CAVENDISH_DATABASE_URL"))?;
    let _ = fs::remove_dir(paths.downloads());
    Ok(())
}

/// The larger upscalers' weights.
pub(crate) fn upscalers(paths: &Paths) -> Result<()> {
    let _lock = hold(paths)?;
    upscalers::ensure(paths)?;
    let _ = fs::remove_dir(paths.downloads());
    Ok(())
}

/// The large network that cuts out.
pub(crate) fn large(paths: &Paths) -> Result<()> {
    let _lock = hold(paths)?;
    u2net::ensure(paths)?;
    let _ = fs::remove_dir(paths.downloads());
    Ok(())
}

/// What the small networks are trained on and measured with.
pub(crate) fn training(paths: &Paths) -> Result<()> {
    let _lock = hold(paths)?;
    training::ensure(paths).map(drop)
}

/// What cut-outs are measured with, beside what networks are trained on.
pub(crate) fn cutout(paths: &Paths, large: bool) -> Result<()> {
    let _lock = hold(paths)?;
    training::ensure(paths)?;
    cutout::ensure(paths, large)?;
    let _ = fs::remove_dir(paths.downloads());
    Ok(())
}

/// What the workspace needs to be compiled.
pub(crate) fn to_build(paths: &Paths) -> Result<()> {
    let _lock = hold(paths)?;
    libtorch::ensure(paths, false)?;
    codecs::ensure()
}

/// Prints which packages of libtorch `setup` would download.
pub(crate) fn dry_run(cuda: bool) -> Result<()> {
    for name in libtorch::plan(cuda)? {
        println!("{name}");
    }
    Ok(())
}

/// Two set-ups at once would download everything twice.
fn hold(paths: &Paths) -> Result<fs::File> {
    let lock = fs::File::create(paths.cache.join("setup.lock"))?;
    if lock.try_lock().is_err() {
        say::note("another `cargo xtask` is setting up, waiting for it");
        lock.lock().context("cannot lock the cache folder")?;
    }
    Ok(lock)
}
