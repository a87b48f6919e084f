//! What each app's data goes through, ready for use: made once from the settings, looked up once a request.

use std::collections::HashMap;

use crate::config::{App, AppData, Config};
use crate::enrich::{AddressUse, Template};
use crate::filter::Rule;
use crate::scrub::Scrubber;

/// The rules of all apps.
#[derive(Debug, Default)]
pub struct Rules {
    /// Where no apps are declared.
    open: AppRules,
    /// What is left out, of whichever app.
    pub filters: Vec<Rule>,
    apps: HashMap<String, AppRules>,
}

/// The rules of one app.
#[derive(Debug, Default)]
pub struct AppRules {
    /// What is taken out.
    pub scrubber: Scrubber,
    /// What becomes of clients' addresses.
    pub address: AddressUse,
    /// Templates of addresses.
    pub routes: Vec<Template>,
}

impl AppRules {
    fn new(data: &AppData) -> Self {
        Self {
            scrubber: Scrubber::new(data.scrub.clone()),
            address: data.client_address,
            routes: data.routes.clone(),
        }
    }
}

impl Rules {
    /// From settings that are valid.
    pub fn new(config: &Config) -> Self {
        let app = |app: &App| (app.name.clone(), AppRules::new(&app.data));
        Self {
            open: AppRules::new(&config.data),
            filters: config.filters.clone(),
            apps: config.apps.iter().map(app).collect(),
        }
    }

    /// Those of one app.
    pub fn of(&self, app: Option<&App>) -> &AppRules {
        app.and_then(|app| self.apps.get(&app.name))
            .unwrap_or(&self.open)
    }
}
