mod behaviour;
mod found;
mod golden;
