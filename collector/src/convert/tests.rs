mod behaviour;
mod dialects;
mod found;
mod golden;
