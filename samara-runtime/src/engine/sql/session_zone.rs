//! The session's time zone, where functions find it: in the engine's configuration.

use std::any::Any;

use datafusion::common::config::{ConfigEntry, ConfigExtension, ConfigOptions, ExtensionOptions};
use datafusion::common::{Result, config_err};

use crate::engine::text::zone::Zone;
use crate::settings::TimeZone;

/// A time zone as part of the configuration. (The engine's own `execution.time_zone` is a text, and takes fewer of them.)
#[derive(Debug, Clone, Default)]
pub(crate) struct SessionZone(pub TimeZone);

impl SessionZone {
    /// The name of the zone that a configuration has; UTC, if it has none.
    pub fn name(configuration: &ConfigOptions) -> &str {
        Self::get(configuration).map_or("UTC", TimeZone::name)
    }

    /// The zone that a configuration has; UTC, if it has none.
    pub fn of(configuration: &ConfigOptions) -> Zone {
        Self::get(configuration).map_or(Zone::UTC, TimeZone::zone)
    }

    fn get(configuration: &ConfigOptions) -> Option<&TimeZone> {
        let own = configuration.extensions.get::<Self>();
        own.map(|SessionZone(zone)| zone)
    }
}

impl ConfigExtension for SessionZone {
    const PREFIX: &'static str = "samara_session_time_zone";
}

impl ExtensionOptions for SessionZone {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }

    fn cloned(&self) -> Box<dyn ExtensionOptions> {
        Box::new(self.clone())
    }

    fn set(&mut self, key: &str, _value: &str) -> Result<()> {
        config_err!("the session's time zone is a setting of the run, so {key} cannot be set")
    }

    fn entries(&self) -> Vec<ConfigEntry> {
        Vec::new()
    }
}
